"""Pins, converters and clocks: the only code that knows gpiozero."""
