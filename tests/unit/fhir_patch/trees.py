"""Trees as the reader gives them, for the tests of patches."""

from __future__ import annotations

from typing import Any

from shared.fhir.reader import read, read_array
from shared.fhir.writer import canonical


def tree(text: str) -> dict[str, Any]:
    return read(text.encode())


def array(text: str) -> list[Any]:
    return read_array(text.encode())


def text(value: object) -> str:
    return canonical(value).decode()
