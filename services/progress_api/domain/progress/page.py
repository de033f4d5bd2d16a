"""Progress on one page, for people: each measure, attendance, the last weeks, the goals.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.progress.policy import WEEKS_ON_THE_PAGE
from shared.fhir.dates import told_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from services.progress_api.domain.progress.attendance import Attendance
    from services.progress_api.domain.progress.progress import Measures, Progress
    from services.progress_api.domain.progress.series import Point, Series
    from services.progress_api.domain.progress.told import Told
    from shared.care.hours_ledger import Tally

_CLASSES: Final = {
    "reliable-improvement": "reliably better",
    "response": "response",
    "remission": "remission",
    "no-reliable-change": "no reliable change",
    "reliable-worsening": "reliably worse",
}
_REASONS: Final = {
    "no-rule": "not classified: there is no rule for it",
    "no-baseline": "not classified: there is no baseline",
    "is-baseline": "this is the baseline",
    "before-baseline": "not classified: it is from before the baseline",
    "no-value": "not classified: too much was not answered",
    "prorated": "not classified: the total was extended",
    "not-comparable": "not classified: it was not taken like the baseline",
}
_STATES: Final = {
    "due": "due by",
    "late": "late since",
    "missed": "missed",
    "answered-late": "answered late",
}
_MINUTES: Final = 60


def page(progress: Progress) -> str:
    """Write the page as XHTML."""
    days, zone, shown = progress.days, progress.place.zone, progress.weeks[-WEEKS_ON_THE_PAGE:]
    rows = [_measure(each, zone) for one in progress.measures for each in one.series if each.latest]
    asked = [f"{one.instrument.title}: {each}" for one in progress.measures for each in _asked(one)]
    parts = [
        f"<p><b>Progress from {days.first} to {days.last}</b></p>",
        _table(("Measure", "Baseline", "Latest", "Change", "Trend"), rows),
        _listed("Asked for", asked),
        f"<p>{_attendance(progress.attendance)}</p>",
        _table(("Week from", "Hours planned", "Scheduled", "Delivered"), map(_week, shown)),
        _listed("Goals", map(_goal, progress.goals)),
    ]
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(parts)}</div>'


def _measure(series: Series, zone: tzinfo) -> Sequence[str]:
    title = series.score.display
    latest, baseline = series.latest, series.baseline
    trend = series.trend if series.score.change else "not told"
    return (title, _scored(baseline, zone), _scored(latest, zone), _judged(series, latest), trend)


def _scored(point: Point | None, zone: tzinfo) -> str:
    if point is None:
        return "unknown"
    value = point.told.content.get("valueQuantity", {}).get("value", "none")
    return f"{value} on {told_day(point.told.content['effectiveDateTime'], zone)}"


def _judged(series: Series, point: Point | None) -> str:
    found = "no-value" if point is None else series.judged(point)
    if isinstance(found, str):
        return _REASONS[found]
    side = "better" if found.delta > 0 else "worse"
    points = f"{abs(found.delta)} points {side}" if found.delta else "no difference"
    return f"{_CLASSES[found.classified]} ({points})"


def _asked(measures: Measures) -> Iterator[str]:
    for each in measures.asked:
        period = each.told.content["restriction"]["period"]
        yield f"{_STATES[each.state]} {period['end']}"
    if measures.due_next is not None:
        yield f"next due from {measures.due_next[0]}"


def _attendance(attendance: Attendance) -> str:
    told = f"Sessions: {attendance.attended} attended, {attendance.missed} missed"
    if attendance.untold:
        told += f", {attendance.untold} of which nobody has told yet"
    return f"{told}." if attendance.percent is None else f"{told}; {attendance.percent} % attended."


def _week(tally: Tally) -> Sequence[str]:
    minutes = (tally.planned, tally.scheduled, tally.delivered)
    return (tally.week.first.isoformat(), *(f"{each / _MINUTES:.1f}" for each in minutes))


def _goal(goal: Told) -> str:
    concept, content = goal.content.get("achievementStatus", {}), goal.content
    codes = [each.get("code", "") for each in concept.get("coding", ())]
    return f"{_text(content['description'])}: {concept.get('text') or ', '.join(codes) or 'open'}"


def _text(concept: dict[str, object]) -> str:
    return str(concept.get("text", "A goal"))


def _listed(title: str, items: Iterable[str]) -> str:
    listed = "".join(f"<li>{_escaped(item)}</li>" for item in items)
    return f"<p>{title}</p><ul>{listed}</ul>" if listed else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(_row("td", each) for each in rows)
    return f"<table><thead>{_row('th', heads)}</thead><tbody>{body}</tbody></table>" if body else ""


def _row(kind: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{_escaped(each)}</{kind}>' for each in cells)}</tr>"


def _escaped(text: str) -> str:
    # XML cannot hold control characters at all.
    return escape("".join(each if each.isprintable() else " " for each in text))
