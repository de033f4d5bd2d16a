"""Keeps notices in the record, for whoever receives one: an operation, or a settled review."""
