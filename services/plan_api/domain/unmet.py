"""What a plan could not give of what a template says or a person prefers, told and never dropped.

It stands in CarePlan.extension for programs, and in CarePlan.note and the text for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shared.care.canonical import code_system, profile

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_URL: Final = profile("not-satisfied")

Reason = Literal[
    "no-consent",
    "no-indication",
    "no-related-person",
    "nobody-named",
    "not-at-that-time",
    "not-by-telehealth",
    "language-not-known",
    "language-not-spoken",
    "no-such-track",
    "not-in-template",
    "times-not-known",
    "not-of-that-age",
]


@dataclass(frozen=True, slots=True)
class Unmet:
    """What was not given (an action's or a preference's name), why, and in a sentence."""

    what: str
    reason: Reason
    told: str


def extension(unmet: Unmet) -> JsonObject:
    """Say for programs what could not be met."""
    reason = {"system": code_system("unmet-reason"), "code": unmet.reason}
    return {
        "url": _URL,
        "extension": [
            {"url": "what", "valueString": unmet.what},
            {"url": "reason", "valueCoding": reason},
            {"url": "told", "valueString": unmet.told},
        ],
    }


def note(unmet: Unmet) -> JsonObject:
    """Say for people what could not be met."""
    return {"text": f"Not met: {unmet.told}"}


def told_in(plan: JsonObject) -> list[str]:
    """Read from a plan what could not be met, in sentences."""
    said = (each for each in plan.get("extension", ()) if each.get("url") == _URL)
    parts = (part for each in said for part in each.get("extension", ()))
    return [str(part["valueString"]) for part in parts if part.get("url") == "told"]
