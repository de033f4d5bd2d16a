"""Counts what people's measures came to: response and remission by their latest change.

A change is told of the scores as they stand, as `Patient/$progress` tells it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from services.progress_api.domain.figures.figure import Figure, Group, counted, reference
from services.progress_api.domain.figures.share import share
from services.progress_api.domain.measure_change import baseline_window
from services.progress_api.domain.progress.series import series
from services.progress_api.domain.progress.told import Told
from shared.care.instruments.registry import INSTRUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from services.progress_api.domain.figures.evidence import Evidence
    from services.progress_api.domain.figures.period import Days
    from services.progress_api.domain.measure_change import Window
    from shared.care.instruments.instrument import Instrument
    from shared.care.instruments.score import Score
    from shared.fhir.reader import JsonObject

_CLASSIFIED: Final = tuple(
    (instrument, score, score.change)
    for instrument in INSTRUMENTS
    for score in instrument.scores
    if score.change is not None
)


class Reached(NamedTuple):
    """A score whose change is classified, and whether it is a response, and a remission."""

    score: JsonObject
    response: bool
    remission: bool


def outcome(evidence: Evidence, days: Days) -> Figure:
    """Count response and remission by the latest change of each person, for each instrument."""
    told = _by_person(evidence)
    windows = _windows(evidence, days)
    groups: list[Group] = []
    for instrument, score, rule in _CLASSIFIED:
        latest = list(_latest((instrument, score), told, windows, days))
        for name in ("response", "remission"):
            reached = [each.score for each in latest if getattr(each, name)]
            whole = counted("denominator", [each.score for each in latest])
            part = counted("numerator", reached)
            text, found = f"{rule.display}: {name}", share(len(reached), len(latest))
            groups.append(Group(f"{rule.code}-{name}", text, (whole, part), {}, found))
    return Figure("outcome", tuple(groups))


def _by_person(evidence: Evidence) -> dict[str, list[Told]]:
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for each in evidence.scores:
        person = evidence.person(each, "subject")
        if person is not None:
            found[person].append(Told(reference(each), each))
    return found


def _windows(evidence: Evidence, days: Days) -> dict[str, Window]:
    """Find when each person's baseline was taken: around their last admission by then."""
    found: dict[str, Window] = {}
    for episode in evidence.episodes:
        person = evidence.person(episode, "patient")
        stored = episode.get("period", {}).get("start") or episode.get("meta", {}).get(
            "lastUpdated"
        )
        if person is None or stored is None:
            continue
        window = baseline_window(episode, stored, days.zone)
        known = found.get(person)
        if window.opens < days.span[1] and (known is None or known.opens < window.opens):
            found[person] = window
    return found


def _latest(
    of: tuple[Instrument, Score],
    told: Mapping[str, Sequence[Told]],
    windows: Mapping[str, Window],
    days: Days,
) -> Iterator[Reached]:
    """Yield each person's latest change of a score in the period."""
    for person, scores in told.items():
        whole = series(*of, scores, window=windows.get(person), zone=days.zone)
        shown = whole.within(days.span)
        for point in reversed(shown.points):
            reached = shown.reached(point)
            if reached is not None:
                yield Reached(point.told.content, *reached)
                break
