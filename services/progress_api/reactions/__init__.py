"""Reactions of progress_api to the feed, one file per event."""
