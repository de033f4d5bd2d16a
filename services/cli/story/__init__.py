"""The story that `stepdown demo` plays: a person's way, as the clients of the server live it."""
