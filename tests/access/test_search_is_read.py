"""What a search shows is what can be read and matches, for a caller who may not see everything."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.access.asking import Asking
from tests.access.callers import EVERYBODY, KINDS
from tests.access.vocabulary import Ask
from tests.access.worlds import BASE, STATEMENT, one_world

if TYPE_CHECKING:
    from tests.access.worlds import World

SEARCHES = 40
# What a chain or an include leads to is narrowed too, so that everybody's answer may hold more.
INDIRECT = (".", "_has", "_include", "_revinclude")


async def bundle(world: World, target: str) -> list[dict[str, Any]] | None:
    answer = await world.ask(Ask("GET", target), 1)
    if answer.status != 200:
        return None
    return list(json.loads(answer.body).get("entry", ()))


async def readable(world: World, reference: str) -> bool:
    return (await world.ask(Ask("GET", reference), 1)).status == 200


def shown(entries: list[dict[str, Any]], mode: str) -> set[str]:
    return {
        each["fullUrl"].removeprefix(f"{BASE}/")
        for each in entries
        if each["search"]["mode"] == mode
    }


@pytest.mark.parametrize("name", KINDS)
async def test_found_is_what_is_readable_and_matches(name: str, urls: tuple[str, str]) -> None:
    async with one_world(KINDS[name], urls[0]) as world:
        everybody = world.seen_by(EVERYBODY)
        searched = 0
        for focus in ("search", "chain", "has", "include", "compartment"):
            asking = Asking(Random(focus), STATEMENT, focus)
            for _ in range(SEARCHES // 5):
                asked = asking.next()
                if asked.relation is not None or asked.method != "GET":
                    continue
                target, _, query = asked.target.partition("?")
                pairs = [each for each in query.split("&") if not each.startswith(("_count", "_s"))]
                whole = f"{target}?{'&'.join([*filter(None, pairs), '_count=1000'])}"
                found, every = await bundle(world, whole), await bundle(everybody, whole)
                if found is None or every is None or "AuditEvent" in target:
                    assert (found is None) == (every is None)
                    continue
                searched += 1
                matching, included = shown(found, "match"), shown(found, "include")
                for each in matching | included:
                    assert await readable(world, each), (whole, each)
                expected = {each for each in shown(every, "match") if await readable(world, each)}
                if any(each in whole for each in INDIRECT):
                    assert matching <= expected
                else:
                    assert matching == expected, whole
        assert searched >= 10


@pytest.mark.parametrize("name", KINDS)
async def test_a_history_shows_what_a_vread_does(name: str, urls: tuple[str, str]) -> None:
    async with one_world(KINDS[name], urls[0]) as world:
        everybody = world.seen_by(EVERYBODY)
        every = await bundle(everybody, "_history?_count=1000") or []
        told = await bundle(world, "_history?_count=1000") or []
        versions = {_version(each) for each in every}
        assert len(versions) > 100
        seen = {each for each in versions if await _is_there(world, each)}
        assert {_version(each) for each in told} == seen


def _version(entry: dict[str, Any]) -> str:
    number = entry["response"]["etag"].removeprefix('W/"').removesuffix('"')
    return f"{entry['fullUrl'].removeprefix(f'{BASE}/')}/_history/{number}"


async def _is_there(world: World, version: str) -> bool:
    # A version that is a deletion is gone: that is told to whoever may see it.
    return (await world.ask(Ask("GET", version), 1)).status in {200, 410}
