"""The strict reader of JSON."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest

from shared.fhir.errors import Malformed
from shared.fhir.reader import read

LARGE = b'{"entry":[' + b",".join([b'{"a":[1.10]}'] * 100_000) + b"]}"


@pytest.mark.parametrize("raw", [LARGE, LARGE[:-1]])
def test_a_large_body_is_parsed_without_looking_for_garbage(raw: bytes) -> None:
    looked: list[str] = []

    def look(phase: str, _: dict[str, int]) -> None:
        looked.append(phase)

    gc.collect()
    gc.callbacks.append(look)
    try:
        with suppress(Malformed):
            read(raw)
    finally:
        gc.callbacks.remove(look)
    # The young objects of one look at the most, where millions were made.
    assert looked.count("start") <= 1
    assert gc.isenabled()
