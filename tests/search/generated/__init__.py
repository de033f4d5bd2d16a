"""Small records and searches of them, made at random to collide; the same for the same seed."""
