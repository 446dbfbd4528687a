"""One module for each first word after `weiran`: reads the command's options and calls the part that does the work."""
