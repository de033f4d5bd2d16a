"""What a caller may not see changes no byte of what they are answered, whatever they ask.

Two records are equal but for that; the same requests are asked of both, one after the other, while
more of what is hidden is written. The clock and the new ids are the same in both.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.access.asking import Asking
from tests.access.callers import KINDS
from tests.access.comparing import difference
from tests.access.worlds import STATEMENT, repeatable_ids, two_worlds


@pytest.mark.parametrize("name", KINDS)
async def test_what_is_hidden_changes_no_answer(
    name: str, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = repeatable_ids(monkeypatch)
    async with two_worlds(KINDS[name], urls, 1) as worlds:
        asking = Asking(Random(f"{name} 1"), STATEMENT)
        assert await difference(worlds, asking, 125, begin) is None


async def test_the_order_of_equals_tells_nothing_of_what_else_was_written(
    urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Play a story in which an Observation was written alone, and another in a transaction."""
    begin = repeatable_ids(monkeypatch)
    async with two_worlds(KINDS["types"], urls, 3) as worlds:
        assert await difference(worlds, Asking(Random("types 3"), STATEMENT), 220, begin) is None


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(10))
async def test_what_is_hidden_changes_no_answer_in_long(
    name: str, seed: int, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = repeatable_ids(monkeypatch)
    async with two_worlds(KINDS[name], urls, seed) as worlds:
        asking = Asking(Random(f"{name} {seed}"), STATEMENT)
        assert await difference(worlds, asking, 500, begin) is None
