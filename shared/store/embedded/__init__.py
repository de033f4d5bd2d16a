"""The program's own PostgreSQL: found, made, started, kept alive and stopped."""

from shared.store.embedded.place import EmbeddedError
from shared.store.embedded.server import EmbeddedServer

__all__ = ["EmbeddedError", "EmbeddedServer"]
