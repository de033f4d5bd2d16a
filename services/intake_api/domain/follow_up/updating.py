"""Which clocks of a person are to be written, after something was: those that start or change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from services.intake_api.domain import clock
from services.intake_api.domain.follow_up import following, marks, visits
from services.intake_api.domain.follow_up.starting import starts
from services.intake_api.domain.follow_up.windows import LOOK_BACK_DAYS
from shared.care.automatic import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from services.intake_api.domain.follow_up.course import Course
    from services.intake_api.domain.follow_up.marks import Verdict
    from services.intake_api.domain.follow_up.starting import Start
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "clocks-follow-the-course", "1.0", "Pauses, ends and moves clocks as a person's course does"
)
_IS_OPEN: Final = frozenset({"requested", "on-hold"})
_CALLED_OFF: Final = frozenset({"completed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, by which version, whether it merged Patients, and the course before."""

    reference: str
    version: int
    before: Course
    is_merge: bool = False

    @property
    def source(self) -> str:
        """Name the version, for the resource may be deleted."""
        return f"{self.reference}/_history/{self.version}"

    def about(self, task: JsonObject, *, is_renewed: bool) -> str:
        """Name what may have changed for a clock: of another time, or by a merge, its visit."""
        by = marks.satisfied_by(task) if self.is_merge or is_renewed else ()
        return next(iter(by), self.reference)


@dataclass(frozen=True, slots=True)
class Updated:
    """A clock as it is to be written, what was decided of it, and because of what."""

    task: JsonObject
    verdict: Verdict
    sources: tuple[str, ...]
    activity: Literal["CREATE", "UPDATE"] = "UPDATE"


def changed(clocks: Iterable[JsonObject], course: Course, written: Written) -> list[Updated]:
    """Bring the clocks that there are up to date with a person's course."""
    now = {each.id: each for each in starts(course)}
    before = {each.id: each for each in starts(written.before)}
    found = []
    for task in clocks:
        current = _renewed(task, before.get(task["id"]), now.get(task["id"]))
        about = written.about(task, is_renewed=current is not task)
        after = following.followed(current, about, course, now) or current
        if after != task:
            verdict = following.verdict(current, course, now)
            sources = sorted({written.source, *marks.satisfied_by(after)})
            found.append(Updated(after, verdict, tuple(sources)))
    return found


def started(course: Course, *, patient: str, since: date, now: datetime) -> list[Updated]:
    """Open the clocks that a person's course starts, unless they would have ended already.

    What was over long before the care here began starts nothing.
    """
    found = []
    at = {each.id: each for each in starts(course)}
    authored = now.isoformat(timespec="milliseconds")
    for start in at.values() if course.ended is None else ():
        task = start.task(patient, authored)
        verdict = following.verdict(task, course, at)
        if verdict.status == "cancelled" or start.day + timedelta(days=LOOK_BACK_DAYS) < since:
            continue
        opened = clock.as_opened(marks.marked(task, verdict), course.calendar.zone, now)
        sources = tuple(sorted({start.trigger.reference, *verdict.by}))
        found.append(Updated(opened, verdict, sources, "CREATE"))
    return found


def called_off(escalation: JsonObject, updated: Updated) -> JsonObject | None:
    """Call off the escalation of a clock that is no longer open; None leaves it."""
    is_waiting = escalation.get("status") == "requested"
    is_over = updated.task["status"] in _CALLED_OFF
    return marks.answered(escalation, updated.verdict) if is_waiting and is_over else None


def _is_ended_by_us(task: JsonObject) -> bool:
    return bool(marks.satisfied_by(task)) or marks.is_called_off(task)


def _renewed(task: JsonObject, before: Start | None, now: Start | None) -> JsonObject:
    """Give a clock the codes that it counts for now, and the days, unless people changed them."""
    if now is None or not (task["status"] in _IS_OPEN or _is_ended_by_us(task)):
        return task
    codes = visits.codes(task)
    renewed = task | ({"code": now.code} if codes != list(now.codes) else {})
    period = now.window.period(now.day)
    told = task.get("restriction", {}).get("period")
    is_ours = before is not None and before.window.period(before.day) == told
    if told == period or not is_ours:
        return renewed
    return clock.unmarked(renewed) | {"restriction": task["restriction"] | {"period": period}}
