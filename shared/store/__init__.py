"""The record in PostgreSQL: the only place that speaks SQL."""
