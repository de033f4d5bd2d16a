"""A second opinion on level-of-care decisions, by code that shares nothing with what decided."""
