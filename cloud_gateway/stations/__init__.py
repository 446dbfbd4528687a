"""Service stations: their counters, the terminals that stand there, and the clerks behind them."""
