"""What of a plan its hours do not count, or only by a mean: told, so that nobody misses it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from shared.care.planned_sessions import are_told
from shared.care.timing import DAY_MINUTES, bounds_of, session_minutes, told_by, weekly_minutes
from shared.care.weekly_hours import is_as_needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject

_LASTS: Final = frozenset({"duration", "durationUnit", "boundsPeriod"})
_LENGTHS: Final = ("boundsDuration", "boundsRange")
_OFTEN: Final = frozenset({"period", "periodUnit", "count"})
_TIMES: Final = frozenset({"dayOfWeek", "timeOfDay"})
_ALWAYS: Final = frozenset({"id", "extension"})
_STANDS: Final = frozenset({"draft", "active", "completed"})


def limitations(plan: JsonObject, requests: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """Give for each activity that is not counted session by session how it is, and why."""
    for number, activity in enumerate(plan.get("activity", ())):
        scheduled = [name for name in activity.get("detail", {}) if name.startswith("scheduled")]
        for name in scheduled:
            place = {"name": "activity", "valueString": f"CarePlan.activity[{number}].detail"}
            why = f"{name} stands in the plan; only orders (ServiceRequest) are counted."
            yield _limitation([place], "not", why, [])
    for request in requests:
        if request.get("status") in _STANDS:
            yield from _of_order(request, plan.get("period", {}))


def _of_order(request: JsonObject, period: JsonObject) -> Iterator[JsonObject]:
    order = {"reference": f"ServiceRequest/{request['id']}"}
    named: list[JsonObject] = [{"name": "order", "valueReference": order}]
    timing = request.get("occurrenceTiming", {})
    why = _why_not(request)
    if why is not None:
        yield _limitation(named, "not", why, [])
        return
    is_told = are_told(timing, period)
    ignored = [*_ignored(timing, period)]
    if is_told and ignored:
        yield _limitation(named, "sessions", "Some of its timing has no effect.", ignored)
    elif not is_told:
        mean = "It does not say on which days and at which times it meets: its mean is counted."
        yield _limitation(named, "mean", mean, ignored)


def _why_not(request: JsonObject) -> str | None:
    timing = request.get("occurrenceTiming")
    if is_as_needed(request):
        return "It is as needed, and not planned."
    if timing is None:
        return "It has no occurrenceTiming."
    minutes = session_minutes(timing)
    if not minutes:
        return "It does not say how long a session lasts, in duration and durationUnit."
    if told_by(timing) == "mean":
        often = "It does not say how often it meets, in period and periodUnit, or in timed events."
        return None if weekly_minutes(timing) else often
    return "A session lasts longer than a day." if minutes > DAY_MINUTES else None


def _ignored(timing: JsonObject, period: JsonObject) -> Iterator[str]:
    """Name the elements of a Timing that change nothing in what is counted."""
    repeat, told = timing.get("repeat", {}), told_by(timing)
    lengths = (each for each in _LENGTHS if each in repeat)
    effective = {each for each in lengths if bounds_of(_alone(each, repeat), period, UTC)}
    used = _ALWAYS | _LASTS | effective | _used(repeat, told)
    yield from (f"repeat.{each}" for each in repeat if each not in used)
    if "event" in timing and told != "events":
        yield "event"


def _alone(name: str, repeat: JsonObject) -> JsonObject:
    return {"repeat": {name: repeat[name]}}


def _used(repeat: JsonObject, told: str) -> frozenset[str]:
    if told == "events":
        return frozenset()
    if told == "days":
        return _OFTEN | _TIMES | _frequency(repeat)
    weekdays = {"dayOfWeek"} if repeat.get("periodUnit") == "d" else set()
    return _OFTEN | {"frequency"} | weekdays


def _frequency(repeat: JsonObject) -> frozenset[str]:
    """Name the frequency where it is what the days and times come to, so that both agree."""
    days = 1 if repeat["periodUnit"] == "d" else len(set(repeat["dayOfWeek"]))
    number = days * len(set(repeat["timeOfDay"]))
    return frozenset({"frequency"}) if repeat.get("frequency") == number else frozenset()


def _limitation(named: list[JsonObject], counted: str, why: str, ignored: list[str]) -> JsonObject:
    parts = [
        *named,
        {"name": "counted", "valueCode": counted},
        {"name": "reason", "valueString": why},
        *({"name": "ignored", "valueString": each} for each in ignored),
    ]
    return {"name": "limitation", "part": parts}
