"""The one page that people read of a plan: for whom, why, towards what, when, with whom.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.application import description_in, title_in
from services.plan_api.domain.narrative import bullets, paragraph, table, titled, week, whole
from shared.care.required_hours import policies_of
from shared.care.weekly_hours import POLICIES, planned_minutes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.plan_api.domain.activities import Ordered
    from services.plan_api.domain.application import Application
    from services.plan_api.domain.needs import Known
    from shared.care.weekly_hours import HoursPolicy
    from shared.fhir.reader import JsonObject

_HOURS: Final = ("Policy", "Asked", "Planned", "Result")
_WORDS: Final = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}


def page(
    definition: JsonObject,
    application: Application,
    known: Known,
    *,
    parts: Ordered,
    goals: Sequence[JsonObject],
    team: JsonObject,
) -> JsonObject:
    """Write the page."""
    why = sorted({_concept(each.get("code", {})) for each in known.conditions} - {""})
    hours = [
        _hours(policy, parts.requests, application)
        for policy in POLICIES
        if policy.name in policies_of(definition)
    ]
    return whole(
        [
            *map(paragraph, (f"{title_in(definition)}.", description_in(definition))),
            paragraph(f"For: {_name(known.patient)}. From {application.start.isoformat()}."),
            *([paragraph(f"Why: {', '.join(why)}.")] if why else []),
            titled("Goals", bullets(map(_goal, goals))),
            titled("Week", week(parts.requests)),
            titled("Between sessions", bullets(map(_task, parts.tasks))),
            titled("Team", bullets(_members(team))),
            titled("Hours a week", table(_HOURS, hours) if hours else ""),
            titled("Not met", bullets(each.told for each in parts.unmet)),
        ]
    )


def _name(patient: JsonObject | None) -> str:
    names = (patient or {}).get("name", ())
    if not names:
        return "the person"
    [first, *_] = names
    parts = [*first.get("given", ()), first.get("family")]
    return str(first.get("text") or " ".join(each for each in parts if each) or "the person")


def _concept(concept: JsonObject) -> str:
    said = (each["display"] for each in concept.get("coding", ()) if "display" in each)
    return str(concept.get("text") or next(said, ""))


def _goal(goal: JsonObject) -> str:
    targets = "; ".join(each for target in goal.get("target", ()) for each in _target(target))
    return f"{_concept(goal['description'])}{f' ({targets})' if targets else ''}"


def _target(target: JsonObject) -> Iterator[str]:
    quantity = target.get("detailQuantity", {})
    if "value" in quantity:
        unit = str(quantity.get("unit", ""))
        shown = "" if unit in {"score", "{score}", "{count}"} else f" {unit}"
        compared = _WORDS.get(quantity.get("comparator"), "")
        yield f"target: {compared} {quantity['value']}{shown}".replace("  ", " ")
    if "dueDate" in target:
        yield f"by {target['dueDate']}"


def _task(task: JsonObject) -> str:
    return f"{_concept(task['code'])}. {task.get('description', '')}".strip()


def _members(team: JsonObject) -> Iterator[str]:
    for each in team["participant"]:
        yield f"{_concept(each['role'][0])}: {each['member']['reference']}"


def _hours(
    policy: HoursPolicy, requests: Sequence[JsonObject], application: Application
) -> tuple[str, ...]:
    minutes = planned_minutes(requests, policy, application.start)
    most = "" if policy.maximum is None else f" to {policy.maximum}"
    asked = f"{policy.minimum}{most}" if most else f"at least {policy.minimum}"
    return policy.title, asked, f"{float(minutes / 60):.2f}", policy.verdict(minutes)
