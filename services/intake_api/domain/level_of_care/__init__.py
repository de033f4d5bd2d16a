"""Which level of care a person needs, decided from evidence by a criteria set that is data."""
