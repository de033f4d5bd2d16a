"""Examples of the profiles of plan_api: the smallest, and one with extensions nobody knows."""
