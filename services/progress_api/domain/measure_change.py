"""The change of a person's scores since the baseline, as Observations of their own."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.completed_response import INSTRUMENT, concept
from services.progress_api.domain.score_observations import MEASURE, PRORATED, score_of_points
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system, profile
from shared.care.instruments.change import Conditions, Measured, change, first_complete
from shared.fhir.dates import date_range
from shared.fhir.reader import read
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from shared.care.instruments.change import Change
    from shared.care.instruments.score import ChangeRule
    from shared.fhir.reader import JsonObject

_TOLD: Final[dict[str, Any]] = read((files(__package__) / "measure_change.json").read_bytes())
_DAY: Final = 86_400_000_000
_BEFORE: Final[int] = _TOLD["baseline"]["daysBeforeOpening"] * _DAY
_AFTER: Final[int] = _TOLD["baseline"]["daysAfterAdmission"] * _DAY
POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
CHANGE: Final = code_system("change")
_STATED: Final = frozenset({"final", "amended", "corrected"})
_TEXTS: Final = {
    "reliable-improvement": "Reliable improvement",
    "response": "Response: at least half of the baseline is gone",
    "remission": "Remission",
    "no-reliable-change": "No reliable change",
    "reliable-worsening": "Reliable worsening",
}


@dataclass(frozen=True, slots=True)
class Window:
    """When a measure may become the baseline, in microseconds; the end is excluded."""

    opens: int
    ends: int


def baseline_window(episode: JsonObject, stored: str, zone: tzinfo) -> Window:
    """Find the window of an episode; it opened when it was `stored`, if it does not say when."""
    admitted = episode.get("period", {}).get("start")
    history = [each.get("period", {}).get("start") for each in episode.get("statusHistory", ())]
    starts = [_start(each, zone) for each in (admitted, *history) if each]
    opened = min(starts, default=_start(stored, zone))
    last = _start(admitted, zone) if admitted else opened
    return Window(opened - _BEFORE, last + _AFTER)


def change_id(observation_id: str) -> str:
    """Derive the id of the change that a score shows."""
    return derived_id(f"Observation/{observation_id}", "change")


def changes(
    rule: ChangeRule, scores: Sequence[JsonObject], window: Window, zone: tzinfo
) -> Iterator[JsonObject]:
    """Give the change that each score shows against the baseline among them."""
    read_scores = [measured(each, zone) for each in scores]
    told = [(score, each) for score, each in zip(scores, read_scores, strict=True) if each]
    place = first_complete([each for _, each in told], window.opens, window.ends)
    if place is None:
        return
    baseline, before = told[place]
    for score, after in told:
        found = change(rule, before, after)
        if found is not None:
            yield _observation(rule, baseline, score, found)


def is_stated(score: JsonObject) -> bool:
    """Tell whether somebody stands by a score."""
    return score.get("status") in _STATED


def measured(score: JsonObject, zone: tzinfo) -> Measured | None:
    """Read a score that we made; whatever else has its code is not known to be alike."""
    codings = score.get("method", {}).get("coding", ())
    method = next((each for each in codings if each.get("system") == INSTRUMENT), None)
    taken, value = score.get("effectiveDateTime"), score.get("valueQuantity", {}).get("value")
    if method is None or taken is None or not is_stated(score):
        return None
    under = Conditions(
        score=score["code"]["coding"][0]["code"],
        instrument_version=method.get("version", ""),
        recall=method.get("display", ""),
        respondent=_respondent(score),
    )
    whole = value if isinstance(value, int) else None
    return Measured(under, _start(taken, zone), whole, is_prorated=_is_prorated(score))


def _respondent(score: JsonObject) -> str | None:
    for performer in score.get("performer", ()):
        return parse_reference(performer.get("reference", "")).type
    return None


def _is_prorated(score: JsonObject) -> bool:
    return any(
        coding.get("system") == MEASURE and coding.get("code") == PRORATED
        for component in score.get("component", ())
        for coding in component["code"].get("coding", ())
    )


def _observation(
    rule: ChangeRule, baseline: JsonObject, current: JsonObject, found: Change
) -> JsonObject:
    delta = {
        "code": concept(MEASURE, "delta", "Points better than at the baseline"),
        "valueQuantity": score_of_points(found.delta),
    }
    return {
        "resourceType": "Observation",
        "id": change_id(current["id"]),
        "meta": {"profile": [profile("stepdown-observation")]},
        "status": "final",
        "category": current["category"],
        "code": concept(MEASURE, rule.code, rule.display),
        "subject": current["subject"],
        "effectiveDateTime": current["effectiveDateTime"],
        "method": current["method"],
        "valueCodeableConcept": concept(CHANGE, found.classified, _TEXTS[found.classified]),
        "component": [delta],
        "derivedFrom": [{"reference": f"Observation/{each['id']}"} for each in (baseline, current)],
    }


def _start(text: str, zone: tzinfo) -> int:
    return date_range(text, zone)[0]
