"""Examples of the profiles of progress_api: the smallest, and one with extensions nobody knows."""
