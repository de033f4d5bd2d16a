"""Examples of the profiles of intake_api: the smallest, and one with extensions nobody knows."""
