"""What Observations state, as the rules of early warning read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.early_warning.policy import HOURS, RULES
from shared.care.canonical import code_system
from shared.care.instruments.registry import INSTRUMENTS
from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from shared.care.weekly_hours import HoursPolicy
    from shared.fhir.reader import JsonObject

MEASURE: Final = code_system("measure")
_LOINC: Final = "http://loinc.org"
_STATED: Final = frozenset({"final", "amended", "corrected"})
SUICIDE_RISK: Final = "93374-7"
DELIVERED: Final = "delivered-hours"
MISSED: Final = "missed-sessions"
_SIGNS: Final = frozenset(code for rule in RULES for code in rule.codes)
CHANGES: Final = frozenset(
    score.change.code for each in INSTRUMENTS for score in each.scores if score.change
)
# A change tells its baseline only by reference.
_SCORES: Final = {
    score.code: score.system for each in INSTRUMENTS for score in each.scores if score.change
}
# What an answer of a watched item counts.
_POINTS: Final = {
    (item.code, option.code): option.value
    for each in INSTRUMENTS
    for item in each.items
    if item.code in _SIGNS
    for option in each.options_of(item.code)
}
_SYSTEMS: Final = {
    item.code: item.system for each in INSTRUMENTS for item in each.items if item.code in _SIGNS
}


# By code, of which system each is that is watched.
WATCHED: Final = {
    **dict.fromkeys((*CHANGES, DELIVERED, MISSED, *_SIGNS), MEASURE),
    **_SCORES,
    **_SYSTEMS,
    SUICIDE_RISK: _LOINC,
}


@dataclass(frozen=True, slots=True)
class Stated:
    """One Observation: when, how much, or which answers; `derived` are its own sources."""

    reference: str
    code: str
    at: datetime
    until: datetime
    value: float | None
    answers: frozenset[str]
    derived: tuple[str, ...]


def is_watched(observation: JsonObject) -> bool:
    """Tell whether an Observation is of a kind that the rules read."""
    return _code(observation) is not None


def stated(observation: JsonObject, zone: tzinfo, hours: HoursPolicy = HOURS) -> Stated | None:
    """Read an Observation that somebody stands by; None where it tells nothing.

    Of hours delivered those count that count for a policy.
    """
    code = _code(observation)
    period = observation.get("effectivePeriod", {})
    start = observation.get("effectiveDateTime") or period.get("start")
    # A week's missed sessions are known before the week is over.
    status = {"preliminary", *_STATED} if code == MISSED else _STATED
    if code is None or start is None or observation.get("status") not in status:
        return None
    answers = _answers(observation)
    return Stated(
        reference=f"Observation/{observation['id']}",
        code=code,
        at=moment(date_range(start, zone)[0]),
        until=moment(date_range(period.get("end", start), zone)[1]),
        value=_value(observation, code, answers, hours),
        answers=answers,
        derived=tuple(str(e.get("reference")) for e in observation.get("derivedFrom", ())),
    )


def _code(observation: JsonObject) -> str | None:
    codings = observation.get("code", {}).get("coding", ())
    found = (each.get("code", "") for each in codings if each.get("system"))
    systems = {each.get("code"): each["system"] for each in codings if each.get("system")}
    return next((code for code in found if WATCHED.get(code) == systems[code]), None)


def _answers(observation: JsonObject) -> frozenset[str]:
    """Name the answers; where a risk is left open, the highest that is possible too."""
    told = [observation, *observation.get("component", ())]
    highest = [each for each in told[1:] if _names(each.get("code", {})) & {"highest"}]
    said = (_names(each.get("valueCodeableConcept", {})) for each in (told[0], *highest))
    return frozenset().union(*said)


def _value(
    observation: JsonObject, code: str, answers: frozenset[str], hours: HoursPolicy
) -> float | None:
    if code == DELIVERED:
        parts = observation.get("component", ())
        observation = next((p for p in parts if hours.name in _names(p.get("code", {}))), {})
    for value in (observation.get("valueInteger"), observation.get("valueQuantity", {})):
        number = value.get("value") if isinstance(value, dict) else value
        if number is not None:
            return float(number)
    return next((_POINTS[code, each] for each in answers if (code, each) in _POINTS), None)


def _names(concept: JsonObject) -> frozenset[str]:
    return frozenset(str(each.get("code")) for each in concept.get("coding", ()))
