"""Whether the hours that are planned are those of the level that a licensed tool came to.

It is told beside the criteria and decides nothing.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.kleene import Truth, word
from services.intake_api.domain.level_of_care.planned_orders import (
    Order,
    cited,
    hold,
    limitations,
    orders,
    today,
)
from shared.care.licensed_level import level_of
from shared.care.weekly_hours import POLICIES, HoursPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
    from services.intake_api.domain.level_of_care.valuation import Valued
    from shared.care.licensed_level import Level
    from shared.fhir.reader import JsonObject

_POLICIES: Final = {each.name: each for each in POLICIES}


def consistencies(
    criteria: Iterable[Valued], pool: Sequence[Evidence], moment: Moment
) -> tuple[JsonObject, ...]:
    """Tell, of each level that a value rests on, whether the plan fits it."""
    pieces = {piece.versioned: piece for each in criteria for piece in each.pieces}
    levels = [(each, level_of(each.content)) for each in pieces.values() if _is_observed(each)]
    return tuple(_told(piece, level, pool, moment) for piece, level in levels if level)


def enough_planned(name: str, pool: Sequence[Evidence], moment: Moment) -> tuple[Evidence, ...]:
    """Give what the hours of a policy follow from, where they are planned; else nothing."""
    policy = _POLICIES[name]
    counted = orders(pool, [policy], moment)
    return tuple(cited(counted).values()) if hold(policy, counted, moment) else ()


def _told(piece: Evidence, level: Level, pool: Sequence[Evidence], moment: Moment) -> JsonObject:
    names = level.tool.hours.get(level.code, ())
    policies = _of_age([_POLICIES[each] for each in names], pool, moment)
    counted = orders(pool, policies, moment)
    part = [
        {"name": "level", "valueCode": level.code},
        {"name": "tool", "valueCode": level.tool.code},
        {"name": "edition", "valueString": level.edition or "unknown"},
        {"name": "evidence", "valueReference": {"reference": piece.versioned}},
        *({"name": "policy", "valueString": each.canonical} for each in policies),
        *({"name": "planned", "valueReference": {"reference": each}} for each in cited(counted)),
        {"name": "consistent", "valueCode": word(_fits(policies, counted, moment))},
        *limitations(counted),
    ]
    return {"name": "consistency", "part": part}


def _fits(policies: list[HoursPolicy], counted: list[Order], moment: Moment) -> Truth:
    """Compare the hours; unknown without a plan, or where it depends on an age not known."""
    if not counted:
        return None
    found = {hold(each, counted, moment) for each in policies}
    return found.pop() if len(found) == 1 else None


def _of_age(
    policies: list[HoursPolicy], pool: Sequence[Evidence], moment: Moment
) -> list[HoursPolicy]:
    born = [e.content.get("birthDate") for e in pool if e.content["resourceType"] == "Patient"]
    # A year or a month alone does not tell the age.
    if not (born and born[0] and len(born[0]) == len("2000-01-01")):
        return policies
    birthday, day = date.fromisoformat(born[0]), today(moment)
    age = day.year - birthday.year - ((day.month, day.day) < (birthday.month, birthday.day))
    return [each for each in policies if each.from_age <= age < each.below_age]


def _is_observed(piece: Evidence) -> bool:
    return bool(piece.content["resourceType"] == "Observation")
