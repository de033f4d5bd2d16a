"""Each narrowing is needed: without any single one the two worlds are told apart.

Nothing in the program can switch one off: here the function that all of them ask is replaced.
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from random import Random
from typing import TYPE_CHECKING, Final, get_args

import pytest

from shared.store.narrowing import Narrowing, Use, narrowed
from tests.access.asking import Asking
from tests.access.callers import KINDS
from tests.access.comparing import difference
from tests.access.worlds import STATEMENT, repeatable_ids, two_worlds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shared.access.access import Access
    from tests.access.worlds import World

# The uses that are left as they are, the kind of caller, and what is asked for.
CASES: Final[dict[str, tuple[tuple[Use, ...], str, str]]] = {
    "read": (("read",), "patients", "read"),
    "read of a type": (("read",), "types", "read"),
    "vread": (("vread",), "patients", "vread"),
    "whether there is a history": (("versions",), "patients", "history"),
    "history of a resource": (("history-of-one",), "patients", "history"),
    "history of a type and of all": (("history-of-types",), "patients", "history-of-all"),
    "history by type": (("history-of-types",), "types", "history-of-all"),
    "search": (("page",), "patients", "search"),
    "search by type": (("page",), "types", "search"),
    "search of several types": (("page",), "patients", "system"),
    "compartment": (("page",), "patients", "compartment"),
    "lastn": (("page",), "patients", "lastn"),
    "total": (("total",), "patients", "search"),
    "chain": (("chain",), "patients", "chain"),
    "chain by type": (("chain",), "types", "chain"),
    "has": (("has",), "patients", "has"),
    "has by type": (("has",), "types", "has"),
    "include": (("include",), "patients", "include"),
    "include by type": (("include",), "types", "include"),
    "include beside several types": (("include",), "patients", "system"),
    "revinclude beside several types": (("revinclude",), "patients", "system"),
    "revinclude": (("revinclude",), "patients", "include"),
    "revinclude by type": (("revinclude",), "types", "include"),
    "chain by canonical": (("chain",), "patients", "canonical"),
    "include by canonical": (("include",), "patients", "canonical"),
    "has by canonical": (("has",), "types", "canonical"),
    "revinclude by canonical": (("revinclude",), "types", "canonical"),
    "everything": (("mentions",), "types", "everything"),
    "what stands around everything": (("read-many",), "patients", "everything"),
    "match": (("matching", "read-many"), "patients", "match"),
    "labels": (("labels",), "patients", "meta"),
    "audit": (("audit",), "patients", "audit"),
    "include beside the audit": (("include",), "patients", "audit"),
    "has of the audit": (("has",), "patients", "audit-has"),
    "has of the audit by type": (("has",), "types", "audit-has"),
    "revinclude of the audit": (("revinclude",), "patients", "audit-beside"),
    "revinclude of the audit by type": (("revinclude",), "types", "audit-beside"),
    "what is referred to": (("target",), "patients", "create"),
    "who refers": (("referrers",), "patients", "delete"),
}


WRITING: Final = frozenset({"create", "delete"})
# How much is asked as it is, and at most without a narrowing.
FEW: Final = 10
MANY: Final = 120


def without(monkeypatch: pytest.MonkeyPatch, uses: tuple[Use, ...]) -> None:
    """Leave relations as they are in some uses."""

    def careless(use: Use, access: Access) -> Narrowing:
        return Narrowing(None, None) if use in uses else narrowed(use, access)

    for name, module in list(sys.modules.items()):
        if name.startswith("shared.") and getattr(module, "narrowed", None) is narrowed:
            monkeypatch.setattr(module, "narrowed", careless)


@pytest.fixture(scope="module")
def urls_of(make_database: Callable[[], str]) -> dict[str, list[str]]:
    return {kind: [make_database(), make_database()] for kind in ("patients", "types")}


@pytest.fixture(scope="module")
async def worlds(urls_of: dict[str, list[str]]) -> AsyncIterator[dict[str, tuple[World, World]]]:
    """Open two worlds for each kind of caller; what is only read leaves them as they are."""
    async with AsyncExitStack() as opened:
        yield {
            kind: await opened.enter_async_context(two_worlds(KINDS[kind], urls, 1))
            for kind, urls in urls_of.items()
        }


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2] not in WRITING])
async def test_without_a_narrowing_the_worlds_are_told_apart(
    name: str, worlds: dict[str, tuple[World, World]], monkeypatch: pytest.MonkeyPatch
) -> None:
    uses, kind, focus = CASES[name]
    begin = repeatable_ids(monkeypatch)
    asking = Asking(Random(name), STATEMENT, focus)
    assert await difference(worlds[kind], asking, FEW, begin) is None
    without(monkeypatch, uses)
    asking = Asking(Random(name), STATEMENT, focus)
    assert await difference(worlds[kind], asking, MANY, begin) is not None


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2] in WRITING])
async def test_without_a_narrowing_of_writes_the_worlds_are_told_apart(
    name: str, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    uses, kind, focus = CASES[name]
    begin = repeatable_ids(monkeypatch)
    async with two_worlds(KINDS[kind], urls, 1) as fresh:
        asking = Asking(Random(name), STATEMENT, focus)
        assert await difference(fresh, asking, FEW, begin) is None
        without(monkeypatch, uses)
        assert await difference(fresh, asking, MANY, begin) is not None


async def test_only_the_types_of_what_is_seen_are_searched_together(
    worlds: dict[str, tuple[World, World]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It only spares searches that would find nothing: no answer shows it.
    for kind, found in worlds.items():
        store, access = found[0].store, KINDS[kind].access
        async with store.reading(access) as reading:
            seen = await reading.present_types()
        assert "Patient" in seen
        assert not seen & {"Organization", "Basic"}
    without(monkeypatch, ("types",))
    async with store.reading(access) as reading:
        assert {"Organization", "Basic"} <= await reading.present_types()


def test_every_use_is_tried() -> None:
    tried = {use for uses, _, _ in CASES.values() for use in uses}
    assert tried == {*get_args(Use)} - {"types"}
