"""`weiran demo`: the whole system on this machine through a scenario, with a witness who checks every promise."""

from deploy.demo.run import DemoOptions, run_demo

__all__ = ["DemoOptions", "run_demo"]
