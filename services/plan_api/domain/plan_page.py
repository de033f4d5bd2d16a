"""The one page that people read of a plan: for whom, why, towards what, when, with whom.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import goal_words, unmet
from services.plan_api.domain.narrative import (
    bullets,
    paragraph,
    table,
    titled,
    week,
    whole,
    words_of,
)
from services.plan_api.domain.people import called
from shared.care.required_hours import policies_of
from shared.care.weekly_hours import POLICIES, planned_minutes
from shared.fhir.dates import told_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, tzinfo
    from fractions import Fraction

    from services.plan_api.domain.needs import Known
    from shared.care.weekly_hours import HoursPolicy
    from shared.fhir.reader import JsonObject

_HOURS: Final = ("Policy", "Asked", "Planned", "Result")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a plan names, as it is to be read."""

    goals: Sequence[JsonObject]
    requests: Sequence[JsonObject]
    tasks: Sequence[JsonObject]
    teams: Sequence[JsonObject]


def page(plan: JsonObject, known: Known, parts: Parts, *, day: date, zone: tzinfo) -> JsonObject:
    """Write the page of a plan with its parts, and the hours that it holds from a day on."""
    why = sorted({words_of(each.get("code", {})) for each in known.conditions} - {""})
    hours = [
        _hours(policy, planned_minutes(parts.requests, policy, day, zone, plan.get("period")))
        for policy in POLICIES
        if policy.name in policies_of(plan)
    ]
    sentences = [f"{plan['title']}."] if "title" in plan else []
    sentences += [str(plan["description"])] if "description" in plan else []
    start = told_day(plan.get("period", {}).get("start", day.isoformat()), zone)
    return whole(
        [
            *map(paragraph, sentences),
            paragraph(f"For: {called(known.patient) or 'the person'}. From {start}."),
            *([paragraph(f"Why: {', '.join(why)}.")] if why else []),
            titled("Goals", bullets(map(goal_words.told, parts.goals))),
            titled("Week", week(parts.requests)),
            titled("Between sessions", bullets(map(_task, parts.tasks))),
            titled("Team", bullets(_members(parts.teams, known))),
            titled("Hours a week", table(_HOURS, hours) if hours else ""),
            titled("Not met", bullets(unmet.told_in(plan))),
            titled("Revised", bullets(_revisions(plan, zone))),
        ]
    )


def _task(task: JsonObject) -> str:
    return f"{words_of(task.get('code', {})) or 'Task'}. {task.get('description', '')}".strip()


def _members(teams: Sequence[JsonObject], known: Known) -> Iterator[str]:
    for each in (member for team in teams for member in team.get("participant", ())):
        member = each.get("member", {})
        named = member.get("reference", "")
        who = member.get("display") or known.names.get(named) or named or "somebody not named"
        roles = ", ".join(filter(None, map(words_of, each.get("role", ()))))
        yield f"{roles or 'Member of the team'}: {who}"


def _revisions(plan: JsonObject, zone: tzinfo) -> Iterator[str]:
    # What is revised is noted with its moment; what could not be met is noted without one.
    for each in plan.get("note", ()):
        if "time" in each:
            yield f"{told_day(each['time'], zone)}: {each['text']}"


def _hours(policy: HoursPolicy, minutes: Fraction) -> tuple[str, ...]:
    most = "" if policy.maximum is None else f" to {policy.maximum}"
    asked = f"{policy.minimum}{most}" if most else f"at least {policy.minimum}"
    return policy.title, asked, f"{float(minutes / 60):.2f}", policy.verdict(minutes)
