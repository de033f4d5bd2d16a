"""What each writing entry of a transaction comes down to: a change, or what stands already.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir.errors import Malformed
from shared.server.bodies import identified_as, resource_of
from shared.server.conditions import hold
from shared.server.criteria import condition, criteria, one_match
from shared.server.entries import located
from shared.server.ids import new_id
from shared.server.interactions.update import carry_forward, content_of, refuse_subsetted
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.search.query import Query
    from shared.server.entries import Entry
    from shared.server.request import Context
    from shared.store.transaction import Transaction
    from shared.store.version import Version


@dataclass(frozen=True, slots=True)
class Step:
    """An entry with the resource it is about: a change, or what stands already."""

    entry: Entry
    key: Key
    change: Change | None
    standing: Version | None = None


async def steps_of(tx: Transaction, entries: list[Entry], context: Context) -> list[Step]:
    """Decide what each entry comes down to, in the order in which they take effect.

    :raises FhirError: the first refusal, with the place of its entry.
    """
    conditions = _conditions(entries, context)
    await tx.hold_conditions([condition(query) for query in conditions.values()])
    await tx.expect([_key(entry) for entry in entries if entry.request.id is not None])
    steps: list[Step] = []
    for entry in _in_order(entries):
        with located(entry):
            steps.append(await _step(tx, entry, conditions.get(entry.place), context))
    _refuse_twins(steps)
    return steps


def _conditions(entries: Iterable[Entry], context: Context) -> dict[str, Query]:
    """Read what each conditional create asks, which no two may ask alike."""
    found: dict[str, Query] = {}
    places: dict[str, str] = {}
    for entry in entries:
        asked = entry.request.headers.get("if-none-exist")
        if entry.request.interaction != "create" or asked is None:
            continue
        with located(entry, "request.ifNoneExist"):
            query = criteria(entry.request.type or "", asked, context)
            first = places.setdefault(condition(query), entry.place)
            if first != entry.place:
                raise Malformed(f"The same condition stands here and at {first}.")
        found[entry.place] = query
    return found


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    order = {"delete": 0, "create": 1, "update": 2}
    writes = [entry for entry in entries if entry.request.interaction in order]
    return sorted(writes, key=lambda entry: order[entry.request.interaction])


async def _step(tx: Transaction, entry: Entry, query: Query | None, context: Context) -> Step:
    match entry.request.interaction:
        case "delete":
            return await _delete(tx, entry, context)
        case "update":
            return await _update(tx, entry, context)
    return await _create(tx, entry, query, context)


async def _create(tx: Transaction, entry: Entry, query: Query | None, context: Context) -> Step:
    resource = resource_of(entry.request)
    found = None if query is None else await one_match(tx, query)
    if found is not None:
        return Step(entry, found.key, None, found)
    key = Key(entry.request.type or "", new_id(context.now))
    return Step(entry, key, Change(key, "POST", None, resource | {"id": key.id}, context.now))


async def _update(tx: Transaction, entry: Entry, context: Context) -> Step:
    resource = resource_of(entry.request)
    key = _key(entry)
    identified_as(resource, key.id)
    refuse_subsetted(resource)
    current = await tx.read(key)
    hold(entry.request.headers, current)
    resource = carry_forward(content_of(current), resource)
    return Step(entry, key, Change(key, "PUT", current, resource, context.now))


async def _delete(tx: Transaction, entry: Entry, context: Context) -> Step:
    key = _key(entry)
    current = await tx.read(key)
    hold(entry.request.headers, current)
    if current is None or current.deleted:
        return Step(entry, key, None, current)
    return Step(entry, key, Change(key, "DELETE", current, None, context.now))


def _key(entry: Entry) -> Key:
    return Key(entry.request.type or "", entry.request.id or "")


def _refuse_twins(steps: list[Step]) -> None:
    seen: dict[Key, str] = {}
    for step in steps:
        first = seen.setdefault(step.key, step.entry.place)
        if first != step.entry.place:
            raise Malformed(
                f"The same resource is meant here and at {first}.", expression=step.entry.place
            )
