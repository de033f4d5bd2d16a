"""The stepdown command, one file per subcommand."""
