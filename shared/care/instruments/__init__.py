"""Instruments that people fill in: what they ask, and what the answers come to."""
