"""Emergency plans of sites, the tasks that a warning sets off, and the partners who can help."""
