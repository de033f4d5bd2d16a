"""Callers: who a request comes from."""
