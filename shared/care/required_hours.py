"""Which hours a week a plan must hold: the least that its own policies ask of the person.

The policies of its template stand on a plan; those about people of another age do not count.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from shared.care.canonical import profile
from shared.care.weekly_hours import POLICIES, REQUIRED, HoursPolicy

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

HOURS_POLICY: Final = profile("hours-policy")
_DAY: Final = len("2026-03-01")


def policies_of(resource: JsonObject) -> frozenset[str]:
    """Name the policies about hours that a template or a plan is made for."""
    said = (each for each in resource.get("extension", ()) if each.get("url") == HOURS_POLICY)
    parts = (part for each in said for part in each.get("extension", ()))
    named = (part.get("valueString") for part in parts if part.get("url") == "policy")
    return frozenset(str(each) for each in named if each)


def age_on(day: date, patient: JsonObject | None) -> int | None:
    """Tell the age of a person on a day; None where the day of birth is not known."""
    born = (patient or {}).get("birthDate", "")
    if len(born) != _DAY:
        return None
    birth = date.fromisoformat(born)
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def required(plan: JsonObject, patient: JsonObject | None, day: date) -> HoursPolicy:
    """Choose the policy by which a plan is held; the programme's where the age is not known."""
    named, age = policies_of(plan), age_on(day, patient)
    own = [] if age is None else [each for each in POLICIES if each.name in named]
    about_them = (each for each in own if each.applies(age))
    return min(about_them, key=lambda each: each.minimum, default=REQUIRED)
