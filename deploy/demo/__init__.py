"""`weiran demo`: the whole system on this machine through a scenario, with a witness who checks every promise."""
