"""Alembic's migrations of the record: one head, safe beside the previous release."""
