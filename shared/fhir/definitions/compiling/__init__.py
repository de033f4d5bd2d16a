"""Turns the official R4 definitions into this package's data files; run by hand, never served."""
