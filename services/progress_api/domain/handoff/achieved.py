"""How far a goal was achieved at a handoff, by the scores of the time before it, however late.

What later scores say, and what people have said since, only went on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from shared.fhir.reader import JsonObject

_SAID: Final = ("achievementStatus", "statusDate", "outcomeReference")


def evidence_of(goal: JsonObject, bases: tuple[str, ...]) -> set[str]:
    """Name the ids of the Observations on which a goal's achievement rests."""
    links = [
        parse_reference(each.get("reference", ""), bases)
        for each in goal.get("outcomeReference", ())
    ]
    return {str(e.id) for e in links if e.kind == "local" and e.type == "Observation"}


def says_otherwise(before: JsonObject, after: JsonObject) -> bool:
    """Tell whether a version says something else of the achievement than the one before."""
    return any(before.get(name) != after.get(name) for name in _SAID)


def as_achieved(
    goal: JsonObject,
    versions: Sequence[tuple[datetime, JsonObject | None]],
    at: datetime,
    of_before: Collection[str],
    bases: tuple[str, ...],
) -> JsonObject:
    """Give a goal as it is told, with what its scores of before an instant say of it.

    `versions` come from the first to the last; `of_before` are the ids of those scores.
    """

    def counts(updated: datetime, said: JsonObject) -> bool:
        evidence = evidence_of(said, bases)
        is_of_before = bool(evidence) and evidence <= set(of_before)
        return updated <= at or "achievementStatus" not in said or is_of_before

    told = (said for updated, said in reversed(versions) if said and counts(updated, said))
    last = next(told, goal)
    kept = {name: value for name, value in goal.items() if name not in _SAID}
    return kept | {name: last[name] for name in _SAID if name in last}
