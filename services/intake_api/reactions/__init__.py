"""Reactions of intake_api to the feed, one file per event."""
