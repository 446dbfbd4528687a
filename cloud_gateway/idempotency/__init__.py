"""A POST that makes something is made once, however often its caller has to ask."""
