"""Pure decisions of progress_api."""
