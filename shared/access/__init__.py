"""Who is asking, and what it narrows."""
