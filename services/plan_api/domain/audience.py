"""For people of which age a template is, and whether somebody is of it.

https://hl7.org/fhir/R4/metadatatypes.html#UsageContext
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.unmet import Unmet
from shared.care.required_hours import age_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from shared.fhir.reader import JsonObject

_AGE: Final = ("http://terminology.hl7.org/CodeSystem/usage-context-type", "age")
_YEARS: Final = ("http://unitsofmeasure.org", "a")


def not_meant_for(definition: JsonObject, patient: JsonObject | None, day: date) -> Iterator[Unmet]:
    """Tell that a template is for people of another age; nothing where the age is not known."""
    age = age_on(day, patient)
    if age is None:
        return
    for meant in _ages(definition):
        least, most = _years(meant, "low"), _years(meant, "high")
        if least and age < float(least):
            told = f"The template is for people from {least} years on; the person is {age}."
        elif most and age > float(most):
            told = f"The template is for people up to {most} years; the person is {age}."
        else:
            continue
        yield Unmet("age", "not-of-that-age", told)


def _ages(definition: JsonObject) -> list[JsonObject]:
    contexts = (each for each in definition.get("useContext", ()) if "valueRange" in each)
    return [
        each["valueRange"]
        for each in contexts
        if (each["code"].get("system"), each["code"].get("code")) == _AGE
    ]


def _years(meant: JsonObject, end: str) -> str | None:
    said = meant.get(end, {})
    # An age in months or days is of templates of others, and left to those who read it.
    is_in_years = (said.get("system"), said.get("code")) == _YEARS and "value" in said
    return str(said["value"]) if is_in_years else None
