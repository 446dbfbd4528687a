"""Who a device is: its key, its certificate, and what it does with them."""
