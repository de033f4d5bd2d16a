"""The three services, the front door and the command line."""
