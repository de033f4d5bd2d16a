"""How far a Goal is achieved, by the scores that its target is measured by.

A pure function of the scores and the changes that the record holds, in any order.
https://hl7.org/fhir/R4/goal-definitions.html#Goal.achievementStatus
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import Policy
from shared.care.canonical import code_system
from shared.care.instruments.registry import score_of
from shared.fhir.dates import date_range
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo

    from shared.care.instruments.score import Score
    from shared.fhir.reader import JsonObject

_TOLD: Final[dict[str, Any]] = read((files(__package__) / "achievement.json").read_bytes())
_WEEK: Final = 7 * 86_400_000_000
_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/goal-achievement"
_STATED: Final = frozenset({"final", "amended", "corrected"})
_PURSUED: Final = frozenset({"accepted", "active"})
_ACHIEVED: Final = ("achievementStatus", "statusDate", "outcomeReference")
_PRORATED: Final = (code_system("measure"), "prorated")
_COMPARED: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

# For how long after the programme goals still follow.
AFTERCARE_DAYS: Final[int] = _TOLD["aftercareDays"]
POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])


@dataclass(frozen=True, slots=True)
class Told:
    """An Observation: its versioned reference, and its content."""

    versioned: str
    content: JsonObject

    @property
    def reference(self) -> str:
        """Refer to it, whichever version."""
        return self.versioned.partition("/_history/")[0]


@dataclass(frozen=True, slots=True)
class Achievement:
    """How far a Goal is achieved, and the Observations that say so."""

    code: str
    sources: tuple[Told, ...]
    is_of_other_evidence: bool = False


def measured_score(codings: Iterable[JsonObject]) -> Score | None:
    """Find the score of ours among some codings."""
    known = ((each, score_of(each.get("code", ""))) for each in codings)
    return next((e[1] for each, e in known if e and e[1].system == each.get("system")), None)


def is_evidence(observation: JsonObject) -> bool:
    """Tell whether an Observation is a score, or the change of one."""
    codings = observation.get("code", {}).get("coding", ())
    return measured_score(codings) is not None or any(map(_is_change, codings))


def targets(goal: JsonObject) -> Iterator[tuple[Score, JsonObject]]:
    """Give the targets of a Goal that scores of ours measure, while it is pursued."""
    if goal.get("lifecycleStatus") not in _PURSUED or _code(goal) in _TOLD["leftToPeople"]:
        return
    for target in goal.get("target", ()):
        score = measured_score(target.get("measure", {}).get("coding", ()))
        if score is not None and target.get("detailQuantity", {}).get("comparator") in _COMPARED:
            yield score, target["detailQuantity"]


def achievement(
    score: Score,
    target: JsonObject,
    scores: Iterable[Told],
    changes: Iterable[Told],
    zone: tzinfo,
) -> Achievement | None:
    """Decide how far a target is achieved; None where the scores do not say."""
    complete = sorted(
        (each for each in scores if _is_complete(each.content)),
        key=lambda each: (_taken(each, zone), each.versioned),
    )
    if not complete:
        return None
    latest = complete[-1]
    if _is_met(latest, target):
        return _kept(complete, target, zone)
    if score.change is None:
        return Achievement(_TOLD["withoutRule"], (latest,))
    return _changed(complete, target, list(changes))


def achieved(goal: JsonObject, found: Achievement, day: str) -> JsonObject | None:
    """Write what is achieved into a Goal; None where it says so already, by what still stands."""
    if _code(goal) == found.code and not found.is_of_other_evidence:
        return None
    status = {"coding": [{"system": _SYSTEM, "code": found.code}], "text": found.code}
    outcome = [{"reference": each.reference} for each in found.sources]
    return goal | {"achievementStatus": status, "statusDate": day, "outcomeReference": outcome}


def has_lost(goal: JsonObject, told: Iterable[Told]) -> bool:
    """Tell whether an Observation that a Goal's achievement rests on is none of the person's."""
    standing = {each.reference for each in told if each.content.get("status") in _STATED}
    cited = {str(each.get("reference")) for each in goal.get("outcomeReference", ())}
    return not {each for each in cited if each.startswith("Observation/")} <= standing


def is_unmeasured(goal: JsonObject) -> bool:
    """Tell whether a Goal is measured by scores of ours, and says nothing of its achievement."""
    return "achievementStatus" not in goal and next(targets(goal), None) is not None


def taken_back(goal: JsonObject, before: JsonObject) -> JsonObject:
    """Let a Goal say again what was said of its achievement before its measures did."""
    kept = {name: value for name, value in goal.items() if name not in _ACHIEVED}
    return kept | {name: before[name] for name in _ACHIEVED if name in before}


def _changed(
    complete: Sequence[Told], target: JsonObject, changes: Sequence[Told]
) -> Achievement | None:
    """Tell the class of the last change that is known, unless the target was met since."""
    for score in takewhile(lambda each: not _is_met(each, target), reversed(complete)):
        for found in changes:
            code = _TOLD["byChange"].get(_class(found.content)) if _is_of(found, score) else None
            if code:
                return Achievement(code, (found, score))
    return None


def _kept(complete: Sequence[Told], target: JsonObject, zone: tzinfo) -> Achievement:
    """Tell since when all scores have met a target."""
    first = latest = complete[-1]
    for each in reversed(complete):
        if not _is_met(each, target):
            break
        first = each
    is_kept = _taken(latest, zone) - _taken(first, zone) >= _TOLD["sustainingWeeks"] * _WEEK
    return (
        Achievement("sustaining", (first, latest))
        if is_kept
        else Achievement("achieved", (latest,))
    )


def _is_met(told: Told, target: JsonObject) -> bool:
    compare = _COMPARED[target["comparator"]]
    value = told.content["valueQuantity"]["value"]
    return compare(Decimal(str(value)), Decimal(str(target["value"])))


def _is_complete(observation: JsonObject) -> bool:
    is_told = observation.get("status") in _STATED and "effectiveDateTime" in observation
    parts = observation.get("component", ())
    codings = (c for part in parts for c in part.get("code", {}).get("coding", ()))
    is_prorated = any((e.get("system"), e.get("code")) == _PRORATED for e in codings)
    return is_told and not is_prorated and "value" in observation.get("valueQuantity", {})


def _is_of(change: Told, score: Told) -> bool:
    """Tell whether a change is that of a score, which it names last."""
    derived = change.content.get("derivedFrom", ())
    is_stated = change.content.get("status") in _STATED
    return is_stated and bool(derived) and derived[-1].get("reference") == score.reference


def _is_change(coding: JsonObject) -> bool:
    is_ours = coding.get("system") == code_system("measure")
    return is_ours and str(coding.get("code")).endswith("-change")


def _class(change: JsonObject) -> str:
    codings = change.get("valueCodeableConcept", {}).get("coding", ())
    return next(
        (str(e.get("code")) for e in codings if e.get("system") == code_system("change")), ""
    )


def _code(goal: JsonObject) -> str | None:
    codings = goal.get("achievementStatus", {}).get("coding", ())
    return next((each.get("code") for each in codings if each.get("system") == _SYSTEM), None)


def _taken(told: Told, zone: tzinfo) -> int:
    return date_range(told.content["effectiveDateTime"], zone)[0]
