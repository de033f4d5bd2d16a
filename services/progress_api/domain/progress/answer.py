"""Progress written as Parameters, with a DiagnosticReport for people to read.

https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.progress.page import page
from services.progress_api.domain.progress.policy import POLICY
from shared.care.canonical import code_system
from shared.care.weekly_hours import REQUIRED
from shared.store.version import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.progress_api.domain.progress.asking import Asked
    from services.progress_api.domain.progress.attendance import Attendance
    from services.progress_api.domain.progress.progress import Measures, Progress
    from services.progress_api.domain.progress.series import Point, Series
    from services.progress_api.domain.progress.told import Told
    from shared.care.hours_ledger import Tally
    from shared.fhir.reader import JsonObject

# https://loinc.org/11506-3
_PROGRESS_NOTE: Final = {"system": "http://loinc.org", "code": "11506-3"}
_BAND: Final = code_system("band")
NOT_CLASSIFIED: Final = "not-classified"


def answer(progress: Progress) -> JsonObject:
    """Write how a person gets on."""
    days = progress.days
    return {
        "resourceType": "Parameters",
        "parameter": [
            _value("at", "DateTime", instant(progress.place.now)),
            _value("start", "Date", days.first.isoformat()),
            _value("end", "Date", days.last.isoformat()),
            _value("policy", "String", f"{POLICY.name}|{POLICY.version}"),
            *map(_instrument, progress.measures),
            _attendance(progress.attendance),
            _value("hours-policy", "String", REQUIRED.canonical),
            *map(_week, progress.weeks),
            *map(_goal, progress.goals),
            {"name": "report", "resource": _report(progress)},
        ],
    }


def _value(name: str, kind: str, value: Any) -> JsonObject:  # noqa: ANN401
    return {"name": name, f"value{kind}": value}


def _reference(name: str, told: Told) -> JsonObject:
    return _value(name, "Reference", {"reference": told.versioned})


def _parts(name: str, parts: Iterator[JsonObject]) -> JsonObject:
    return {"name": name, "part": list(parts)}


def _instrument(measures: Measures) -> JsonObject:
    def parts() -> Iterator[JsonObject]:
        yield _value("name", "Code", measures.instrument.name)
        yield _value("title", "String", measures.instrument.title)
        yield from map(_asked, measures.asked)
        if measures.due_next is not None:
            first, last = measures.due_next
            period = {"start": first.isoformat(), "end": last.isoformat()}
            yield _value("next-due", "Period", period)
        yield from map(_series, measures.series)

    return _parts("instrument", parts())


def _asked(asked: Asked) -> JsonObject:
    period = asked.told.content["restriction"]["period"]
    return {
        "name": asked.state,
        "part": [_value("period", "Period", period), _reference("task", asked.told)],
    }


def _series(series: Series) -> JsonObject:
    def parts() -> Iterator[JsonObject]:
        score, latest = series.score, series.latest
        coding = {"system": score.system, "code": score.code, "display": score.display}
        yield _value("score", "Coding", coding)
        if score.change is not None:
            yield _value("better", "Code", score.change.better)
        if series.baseline is not None:
            yield {"name": "baseline", "part": list(_point(series.baseline))}
        if latest is not None:
            yield {"name": "latest", "part": list(_point(latest))}
            yield from _change(series, latest)
            yield from _reached(series, latest)
        if score.change is not None:
            yield _value("trend", "Code", series.trend)
        for each in series.points:
            yield {"name": "value", "part": [*_point(each), *_change(series, each)]}

    return _parts("series", parts())


def _point(point: Point) -> Iterator[JsonObject]:
    content = point.told.content
    yield _value("date", "DateTime", content["effectiveDateTime"])
    if "valueQuantity" in content:
        yield _value("score", "Quantity", content["valueQuantity"])
    yield _value("prorated", "Boolean", point.measured is not None and point.measured.is_prorated)
    for each in content.get("interpretation", ()):
        yield from (_value("band", "Coding", c) for c in each.get("coding", ()) if _is_band(c))
    yield _reference("observation", point.told)


def _is_band(coding: JsonObject) -> bool:
    return coding.get("system") == _BAND


def _change(series: Series, point: Point) -> Iterator[JsonObject]:
    found = series.judged(point)
    if isinstance(found, str):
        yield _value("change", "Code", NOT_CLASSIFIED)
        yield _value("reason", "Code", found)
    else:
        yield _value("change", "Code", found.classified)
        yield _value("delta", "Integer", found.delta)


def _reached(series: Series, point: Point) -> Iterator[JsonObject]:
    rule, found = series.score.change, series.reached(point)
    if rule is None or found is None:
        return
    if rule.response is not None or rule.response_points is not None:
        yield _value("response", "Boolean", found[0])
    if rule.remission is not None:
        yield _value("remission", "Boolean", found[1])


def _attendance(attendance: Attendance) -> JsonObject:
    def parts() -> Iterator[JsonObject]:
        yield _value("offered", "Integer", attendance.offered)
        yield _value("attended", "Integer", attendance.attended)
        yield _value("missed", "Integer", attendance.missed)
        yield _value("untold", "Integer", attendance.untold)
        if attendance.percent is not None:
            yield _value("percent", "Integer", attendance.percent)

    return _parts("attendance", parts())


def _week(tally: Tally) -> JsonObject:
    return {
        "name": "week",
        "part": [
            _value("start", "Date", tally.week.first.isoformat()),
            _value("end", "Date", tally.week.last.isoformat()),
            _value("plannedMinutes", "Integer", tally.planned),
            _value("scheduledMinutes", "Integer", tally.scheduled),
            _value("deliveredMinutes", "Integer", tally.delivered),
        ],
    }


def _goal(goal: Told) -> JsonObject:
    def parts() -> Iterator[JsonObject]:
        content = goal.content
        yield _reference("goal", goal)
        yield _value("lifecycle", "Code", content["lifecycleStatus"])
        yield _value("description", "CodeableConcept", content["description"])
        if "achievementStatus" in content:
            yield _value("achievement", "CodeableConcept", content["achievementStatus"])

    return _parts("goal", parts())


def _report(progress: Progress) -> JsonObject:
    """Write a report for people, which refers to every value by its version; it is not kept."""
    days = progress.days
    points = (e for one in progress.measures for each in one.series for e in each.points)
    report: JsonObject = {
        "resourceType": "DiagnosticReport",
        "text": {"status": "generated", "div": page(progress)},
        "status": "final",
        "code": {"coding": [_PROGRESS_NOTE], "text": "Progress"},
        "subject": {"reference": f"Patient/{progress.patient_id}"},
        "effectivePeriod": {"start": days.first.isoformat(), "end": days.last.isoformat()},
        "issued": instant(progress.place.now),
    }
    results = [{"reference": each.told.versioned} for each in points]
    return report | ({"result": results} if results else {})
