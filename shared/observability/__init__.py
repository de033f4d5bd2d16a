"""Logs, metrics and traces, without a word of the record."""
