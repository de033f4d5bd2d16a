"""Search as values: parameters, parsing, and the index rows of a resource."""
