"""Finds what a plan names: its orders, goals, homework and team, and the person whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.plan_api.domain.needs import Known
from services.plan_api.person_finding import live_conditions, names_of
from shared.care.programme_plan import activity_ids, ids_of
from shared.care.subject import patient_of
from shared.store.finding import fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.reading import Reading


@dataclass(frozen=True, slots=True)
class Named:
    """A plan as it was read, with what it names of the person whose it is."""

    plan: Found
    orders: list[Found]
    goals: list[Found]
    tasks: list[Found]
    teams: list[Found]
    known: Known


async def named_by(reading: Reading, plan: Found, bases: tuple[str, ...]) -> Named:
    """Read what a plan names; what is another person's is left out."""
    content = plan.content
    referred = [each.get("reference", {}) for each in content.get("activity", ())]
    patient = patient_of(content, "subject", bases)
    person = await fetch(reading, Key("Patient", str(patient)))

    async def theirs(resource_type: str, ids: Iterable[str]) -> list[Found]:
        found = [await fetch(reading, Key(resource_type, each)) for each in ids]
        about = "for" if resource_type == "Task" else "subject"
        return [e for e in found if e and patient_of(e.content, about, bases) == patient]

    conditions = await live_conditions(reading, f"Patient/{patient}")
    teams = await theirs("CareTeam", ids_of(content.get("careTeam", ()), "CareTeam", bases))
    members = [e.get("member", {}) for team in teams for e in team.content.get("participant", ())]
    names = await names_of(reading, [e["reference"] for e in members if "reference" in e], bases)
    return Named(
        plan,
        orders=await theirs("ServiceRequest", activity_ids(content, bases)),
        goals=await theirs("Goal", ids_of(content.get("goal", ()), "Goal", bases)),
        tasks=await theirs("Task", ids_of(referred, "Task", bases)),
        teams=teams,
        known=Known(person.content if person else None, conditions, names=names),
    )


def contents(found: Iterable[Found]) -> list[JsonObject]:
    """Give what was found without its versions."""
    return [each.content for each in found]
