"""The engine's own operations, one file each."""
