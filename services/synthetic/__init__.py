"""Seeded synthetic people and their hospital history."""
