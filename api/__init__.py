"""The doors: command line, service, batch scoring and result formats."""
