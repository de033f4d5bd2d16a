"""Counts people: the census of a programme, and what their measures came to."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.evidence import in_programme, touches
from services.progress_api.domain.figures.figure import Figure, Group, counted, reference
from shared.care.canonical import code_system
from shared.care.instruments.registry import INSTRUMENTS
from shared.fhir.dates import date_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.progress_api.domain.figures.evidence import Evidence
    from services.progress_api.domain.figures.figure import Population
    from services.progress_api.domain.figures.period import Days
    from shared.fhir.reader import JsonObject

_CHANGE: Final = code_system("change")
_MEASURE: Final = code_system("measure")
# Of the classes of a change the more specific one is told; who is in remission has responded.
_RESPONSE: Final = frozenset({"response", "remission"})
_REMISSION: Final = frozenset({"remission"})
_RULES: Final = tuple(
    score.change
    for instrument in INSTRUMENTS
    for score in instrument.scores
    if score.change is not None
)


def census(evidence: Evidence, days: Days) -> Figure:
    """Count who was in the programme, and who came and left."""
    times = [(each, in_programme(each, days.zone)) for each in evidence.episodes]
    present = [each for each, spans in times if touches(spans, days.span)]
    by_day = {
        day.isoformat(): tuple(
            reference(each) for each, spans in times if touches(spans, days.of(day))
        )
        for day in days.steps
    }
    low, high = days.span
    came = [each for each, spans in times if spans and low <= min(spans)[0] < high]
    left = [
        each
        for each, spans in times
        if spans and each["status"] != "onhold" and low <= max(spans)[1] <= high
    ]
    last = [each for each, spans in times if touches(spans, days.of(days.last))]
    return Figure(
        "census",
        (
            Group("present", "In the programme in the period", _first(present), {"day": by_day}),
            Group("present-at-end", "In the programme on its last day", _first(last), {}),
            Group("admitted", "Admitted in the period", _first(came), {}),
            Group("left", "Left in the period", _first(left), {}),
        ),
    )


def outcome(evidence: Evidence, days: Days) -> Figure:
    """Count response and remission by the latest change of each person, for each instrument."""
    return Figure("outcome", tuple(_outcomes(evidence, days)))


def _outcomes(evidence: Evidence, days: Days) -> Iterator[Group]:
    for rule in _RULES:
        latest = _latest(evidence.changes, rule.code, days)
        for name, classes in (("response", _RESPONSE), ("remission", _REMISSION)):
            reached = [each for each in latest if _class(each) in classes]
            yield _share(f"{rule.code}-{name}", f"{rule.display}: {name}", latest, reached)


def _latest(changes: Sequence[JsonObject], code: str, days: Days) -> list[JsonObject]:
    """Choose each person's latest change of a kind in the period."""
    found = {}
    told = [each for each in changes if _is(each, code) and days.holds(_taken(each))]
    for each in sorted(told, key=lambda each: date_range(_taken(each), days.zone)[0]):
        found[each["subject"]["reference"]] = each
    return list(found.values())


def _share(code: str, text: str, whole: list[JsonObject], part: list[JsonObject]) -> Group:
    populations = (counted("denominator", whole), counted("numerator", part))
    return Group(code, text, populations, {}, share(len(part), len(whole)))


def share(part: int, whole: int) -> Decimal | None:
    """Give a part of a whole, to four places; none of nothing."""
    if not whole:
        return None
    return (Decimal(part) / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _first(resources: Sequence[JsonObject]) -> tuple[Population]:
    return (counted("initial-population", resources),)


def _taken(change: JsonObject) -> str:
    return str(change["effectiveDateTime"])


def _is(observation: JsonObject, code: str) -> bool:
    codings = observation["code"].get("coding", ())
    return any((each.get("system"), each.get("code")) == (_MEASURE, code) for each in codings)


def _class(change: JsonObject) -> str | None:
    for each in change.get("valueCodeableConcept", {}).get("coding", ()):
        if each.get("system") == _CHANGE:
            return str(each.get("code"))
    return None
