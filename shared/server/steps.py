"""What each writing entry of a transaction comes down to, in the order in which they take effect.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir.errors import Malformed, PreconditionFailed
from shared.server.criteria import condition, criteria_of, locks
from shared.server.entries import located
from shared.server.interactions.writes import WRITES, decide
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.search.query import Query
    from shared.server.decision import Decision
    from shared.server.entries import Entry
    from shared.server.request import Context
    from shared.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Step:
    """An entry, the criteria that it asks by, and what it comes down to, once for each resource."""

    entry: Entry
    query: Query | None
    decision: Decision

    @property
    def is_new(self) -> bool:
        """Whether it makes a resource, because nothing matched its criteria."""
        change = self.decision.change
        made = change is not None and (change.before is None or change.before.deleted)
        return made and self.query is not None


async def steps_of(tx: Transaction, entries: list[Entry], context: Context) -> list[Step]:
    """Decide what each entry comes down to, in the order in which they take effect.

    :raises FhirError: the first refusal, with the place of its entry.
    """
    writes = _in_order(entries)
    conditions = await _conditions(tx, writes, context)
    await tx.hold_conditions([lock for query in conditions.values() for lock in locks(query)])
    await tx.expect([_key(entry) for entry in entries if entry.request.id is not None])
    steps: list[Step] = []
    for entry in writes:
        with located(entry):
            query = conditions.get(entry.place)
            decisions = await decide(tx, entry.request, context, query)
        steps += [Step(entry, query, decision) for decision in decisions]
    _refuse_twins(steps)
    return steps


async def refuse_second_matches(tx: Transaction, steps: Sequence[Step]) -> None:
    """Check, after the write, that no other entry made what an entry had looked for in vain.

    :raises PreconditionFailed: when one did: there would be two.
    """
    written = {step.decision.key for step in steps if step.decision.change is not None}
    types = Counter(key.type for key in written if key is not None)
    for step in steps:
        if step.query is None or not step.is_new or types[step.query.type] == 1:
            continue
        for logical_id in await tx.matching(step.query):
            key = Key(step.query.type, logical_id)
            if key != step.decision.key and key in written:
                raise PreconditionFailed(
                    "Another entry makes a match of these criteria.", expression=step.entry.place
                )


async def _conditions(
    tx: Transaction, writes: Iterable[Entry], context: Context
) -> dict[str, Query]:
    """Read what each conditional write asks, which no two may ask alike."""
    found: dict[str, Query] = {}
    places: dict[str, str] = {}
    for entry in writes:
        is_create = entry.request.interaction == "create"
        with located(entry, "request.ifNoneExist" if is_create else "request.url"):
            query = await criteria_of(tx, entry.request, context)
            if query is None:
                continue
            first = places.setdefault(condition(query), entry.place)
            if first != entry.place:
                raise Malformed(f"The same condition stands here and at {first}.")
        found[entry.place] = query
    return found


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    order = {interaction: rank for rank, interaction in enumerate(WRITES)}
    writes = [entry for entry in entries if entry.request.interaction in order]
    return sorted(writes, key=lambda entry: order[entry.request.interaction])


def _key(entry: Entry) -> Key:
    return Key(entry.request.type or "", entry.request.id or "")


def _refuse_twins(steps: list[Step]) -> None:
    seen: dict[Key, str] = {}
    for step in steps:
        if step.decision.key is None:
            continue
        first = seen.setdefault(step.decision.key, step.entry.place)
        if first != step.entry.place:
            raise Malformed(
                f"The same resource is meant here and at {first}.", expression=step.entry.place
            )
