"""The strict reader of JSON."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest

from shared.fhir.errors import Malformed, TooLarge
from shared.fhir.reader import LIMITS, read
from shared.fhir.writer import write

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


@pytest.mark.parametrize(
    "body",
    [
        '{"value":-0}',
        '{"value":-0,"text":"a -0, in a text"}',
        '{"value":[-0,0,-0.0,1.10,-0e0,10,null,true],"text":"\\u00e9 \\" é"}',
        '{"value":0,"text":"-0,"}',
    ],
)
def test_a_zero_keeps_its_sign(body: str) -> None:
    written = write(read(body.encode())).decode()
    assert written == body.replace("\\u00e9", "é")


def test_the_sign_of_a_zero_makes_no_body_acceptable() -> None:
    for body in (b'{"value":-0,"value":-0}', b'{"value":-0,}', b'{"value":-00,"other":-0}'):
        with pytest.raises(Malformed):
            read(body)


def nested(depth: int, more: str = "") -> bytes:
    """Write a body of a depth, with something beside its deep part."""
    return f'{{"a":{"[" * (depth - 1)}1{"]" * (depth - 1)},"b":[{more}]}}'.encode()


@pytest.mark.parametrize("more", ["", "[]," * 500 + "[]", ",".join(['"]"'] * 100)])
def test_a_body_may_nest_as_deep_as_the_limit_and_no_deeper(more: str) -> None:
    assert read(nested(LIMITS.depth, more))
    with pytest.raises(Malformed, match="nests deeper than 64 levels"):
        read(nested(LIMITS.depth + 1, more))


def test_a_body_may_have_as_many_values_as_the_limit_and_no_more() -> None:
    assert read(b'{"a":[' + b"1," * (LIMITS.nodes - 2) + b"1]}")
    with pytest.raises(TooLarge, match="more than 1,000,000 values"):
        read(b'{"a":[' + b"1," * (LIMITS.nodes - 1) + b"1]}")
