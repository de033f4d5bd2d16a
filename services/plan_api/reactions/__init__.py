"""Reactions of plan_api to the feed, one file per event."""
