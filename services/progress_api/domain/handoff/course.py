"""The course of a person's measures: where each began, where it stands, and what that comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.progress_api.domain.handoff.facts import (
    day_of,
    has_come,
    name_of,
    text_of,
    time_of,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

ONCE = "measured once"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: its name, its baseline and latest value with their days, and the change."""

    name: str
    baseline: str
    latest: str
    change: str


def course(observations: Sequence[JsonObject], reading: Reading) -> list[Measure]:
    """Tell the course of each measure that has numbers, by name; nothing that is dated ahead."""
    changes = _changes(observations)
    series: dict[str, list[JsonObject]] = {}
    known = [each for each in observations if has_come(each, reading)]
    for each in sorted(known, key=lambda each: time_of(each, reading)):
        if "valueQuantity" in each and _is_survey(each):
            series.setdefault(name_of(each), []).append(each)
    return [_measure(name, series[name], changes, reading) for name in sorted(series)]


def _measure(
    name: str, scores: Sequence[JsonObject], changes: Mapping[str, JsonObject], reading: Reading
) -> Measure:
    latest = scores[-1]
    change = changes.get(latest["id"])
    began = _ids(change)[0] if change else ""
    baseline = next((each for each in scores if each["id"] == began), scores[0])
    told = ONCE if baseline is latest else _difference(baseline, latest, change)
    return Measure(name, _dated(baseline, reading), _dated(latest, reading), told)


def _difference(baseline: JsonObject, latest: JsonObject, change: JsonObject | None) -> str:
    before, after = (each["valueQuantity"].get("value") for each in (baseline, latest))
    is_whole = isinstance(before, int) and isinstance(after, int)
    classified = text_of(change["valueCodeableConcept"]) if change else ""
    return "; ".join(filter(None, [f"{after - before:+d}" if is_whole else "", classified]))


def _changes(observations: Sequence[JsonObject]) -> dict[str, JsonObject]:
    """Give the classified changes by the id of the score that shows them."""
    classified = [each for each in observations if "valueCodeableConcept" in each and _ids(each)]
    return {_ids(each)[-1]: each for each in classified}


def _ids(observation: JsonObject) -> list[str]:
    named = (each.get("reference", "") for each in observation.get("derivedFrom", ()))
    paths = (each.partition("/_history/")[0] for each in named)
    return [each.rpartition("/")[2] for each in paths if "Observation/" in each]


def _is_survey(observation: JsonObject) -> bool:
    codings = [code for each in observation.get("category", ()) for code in each.get("coding", ())]
    return any(each.get("code") == "survey" for each in codings)


def _dated(score: JsonObject, reading: Reading) -> str:
    day = day_of(score, reading)
    return f"{value_of(score)} ({day})" if day else value_of(score)
