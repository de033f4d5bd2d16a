"""Measures that fall due: which, when, and what becomes of one that is answered or not."""
