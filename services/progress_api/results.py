"""Keeps what is worked out of other resources in the record, each result under its own id.

Whoever asks writes through this alone, and so finds what others made of the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.extraction import retracted, revised
from shared.care.automatic import Act, derived_id, provenance
from shared.care.reconcile import Manner, reconciled
from shared.server.interactions.update import carry_forward, content_of, same
from shared.server.saving import save
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from shared.care.automatic import Policy
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction
    from shared.store.version import Version


@dataclass(frozen=True, slots=True)
class Basis:
    """What results rest on: a policy, and versions of resources by reference."""

    policy: Policy
    sources: Sequence[str]


def _revised(before: JsonObject | None, result: JsonObject) -> JsonObject | None:
    after = carry_forward(before, revised(before, result))
    return None if before is not None and same(before, after) else after


def _withdrawn(before: JsonObject) -> JsonObject | None:
    after = retracted(before)
    return None if same(before, after) else after


_MANNER: Final = Manner(_revised, _withdrawn)


def stands(before: JsonObject | None, result: JsonObject | None) -> bool:
    """Tell whether a result, or that there is none, is in the record already."""
    wanted = {} if result is None else {"": result}
    return not reconciled(wanted, {"": before}, _MANNER)


async def keep(
    tx: Transaction,
    results: Iterable[JsonObject],
    possible: Iterable[Key],
    basis: Basis,
    now: datetime,
    *,
    manner: Manner = _MANNER,
) -> list[Version]:
    """Bring the record's results up to date, and give those that stand.

    What is possible and no result now is taken back where it was one before, in some manner.
    """
    told = {Key(each["resourceType"], each["id"]): each for each in results}
    keys = list(dict.fromkeys([*told, *possible]))
    current = {key: await tx.read(key) for key in keys}
    present = {key: content_of(version) for key, version in current.items()}
    written = reconciled(told, present, manner)
    changes = [Change(key, "PUT", current[key], after, now) for key, after in written.items()]
    saved = {each.key: each for each in await _save(tx, changes, basis, now)}
    standing = (saved.get(key) or current[key] for key in told)
    return [version for version in standing if version is not None]


async def _save(
    tx: Transaction, changes: Sequence[Change], basis: Basis, now: datetime
) -> list[Version]:
    if not changes:
        return []
    act = Act(
        targets=[str(change.key) for change in changes],
        sources=basis.sources,
        recorded=instant(now),
        activity="CREATE" if all(change.before is None for change in changes) else "UPDATE",
    )
    made = " ".join(f"{change.key}/{change.number}" for change in changes)
    said = Key("Provenance", derived_id(made, basis.policy.name))
    said_by = provenance(basis.policy, act)
    return await save(tx, [*changes, Change(said, "PUT", None, said_by, now)])
