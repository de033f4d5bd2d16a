"""The terminology operations, one file each."""
