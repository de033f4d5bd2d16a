"""Whether the hours that are planned are those of the level that a licensed tool came to.

It is told beside the criteria and decides nothing.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.kleene import Truth, word
from shared.care.licensed_level import level_of
from shared.care.weekly_hours import POLICIES, HoursPolicy, is_planned, planned_minutes

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
    cited = {piece.versioned: piece for each in criteria for piece in each.pieces}
    levels = [(each, level_of(each.content)) for each in cited.values() if _is_observed(each)]
    return tuple(_told(piece, level, pool, moment) for piece, level in levels if level)


def planned(pool: Sequence[Evidence], policy: HoursPolicy, moment: Moment) -> list[Evidence]:
    """Choose the orders of a plan in force that count for a policy."""
    return [
        each
        for each in pool
        if each.content["resourceType"] == "ServiceRequest"
        and each.content["status"] == "active"
        and policy.counts(each.content)
        and is_planned(each.content, _today(moment), moment.zone)
    ]


def enough_planned(name: str, pool: Sequence[Evidence], moment: Moment) -> tuple[Evidence, ...]:
    """Give the orders that together hold the hours of a policy; none where they are too few."""
    policy = _POLICIES[name]
    orders = planned(pool, policy, moment)
    return tuple(orders) if _fits([policy], orders, moment) else ()


def _told(piece: Evidence, level: Level, pool: Sequence[Evidence], moment: Moment) -> JsonObject:
    names = level.tool.hours.get(level.code, ())
    policies = _of_age([_POLICIES[each] for each in names], pool, moment)
    orders = {each.versioned: each for policy in policies for each in planned(pool, policy, moment)}
    part = [
        {"name": "level", "valueCode": level.code},
        {"name": "tool", "valueCode": level.tool.code},
        {"name": "edition", "valueString": level.edition or "unknown"},
        {"name": "evidence", "valueReference": {"reference": piece.versioned}},
        *({"name": "policy", "valueString": each.canonical} for each in policies),
        *({"name": "planned", "valueReference": {"reference": each}} for each in orders),
        {"name": "consistent", "valueCode": word(_fits(policies, [*orders.values()], moment))},
    ]
    return {"name": "consistency", "part": part}


def _fits(policies: list[HoursPolicy], orders: list[Evidence], moment: Moment) -> Truth:
    """Compare the hours; unknown without a plan, or where it depends on an age not known."""
    requests = [each.content for each in orders]
    day = _today(moment)
    if not orders:
        return None
    verdicts: set[bool] = {
        each.verdict(planned_minutes(requests, each, day, moment.zone)) == "met"
        for each in policies
    }
    return verdicts.pop() if len(verdicts) == 1 else None


def _of_age(
    policies: list[HoursPolicy], pool: Sequence[Evidence], moment: Moment
) -> list[HoursPolicy]:
    born = [e.content.get("birthDate") for e in pool if e.content["resourceType"] == "Patient"]
    # A year or a month alone does not tell the age.
    if not (born and born[0] and len(born[0]) == len("2000-01-01")):
        return policies
    birthday, today = date.fromisoformat(born[0]), _today(moment)
    age = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    return [each for each in policies if each.from_age <= age < each.below_age]


def _today(moment: Moment) -> date:
    return moment.now.astimezone(moment.zone).date()


def _is_observed(piece: Evidence) -> bool:
    return bool(piece.content["resourceType"] == "Observation")
