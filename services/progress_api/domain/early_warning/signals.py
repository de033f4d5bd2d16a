"""The signals that call for a look at a plan, each with the Observations that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from services.progress_api.domain.early_warning.policy import (
    HOURS,
    NO_RESPONSE,
    REVIEW_POINT,
    RULES,
    SHORT_WEEKS,
    SUICIDE_RISK,
)
from services.progress_api.domain.early_warning.stated import CHANGES, DELIVERED, MISSED
from services.progress_api.domain.early_warning.stated import SUICIDE_RISK as RISK
from services.progress_api.domain.no_show.signals import repeated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from services.progress_api.domain.early_warning.stated import Stated
    from services.progress_api.domain.no_show.history import History
    from shared.care.weekly_hours import HoursPolicy

Reason = Literal["no-response", "hours-short", "no-shows", "suicide-risk", "relapse-signal"]
TITLES: Final[dict[Reason, str]] = {
    "no-response": "No response at the review point",
    "hours-short": "Too few hours in two weeks",
    "no-shows": "Two sessions missed within a week",
    "suicide-risk": "Moderate or high suicide risk",
    "relapse-signal": "Signal of a relapse",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """Why a plan is to be looked at, since when, and by which Observations and Appointments."""

    reason: Reason
    at: datetime
    evidence: tuple[str, ...]
    appointments: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """Name the signal, the same for the same evidence."""
        return f"{self.reason}/{'+'.join(self.appointments or self.evidence)}"


def signals(told: Sequence[Stated], history: History, hours: HoursPolicy = HOURS) -> list[Signal]:
    """Find every signal that the evidence gives, with the hours that are asked for."""
    return [
        *_no_response(told),
        *_hours_short(told, hours),
        *_no_shows(told, history),
        *(Signal("suicide-risk", e.at, (e.reference,)) for e in told if _is_at_risk(e)),
        *(Signal("relapse-signal", e.at, (e.reference,)) for e in told if _is_relapse(e)),
    ]


def _no_response(told: Sequence[Stated]) -> Iterator[Signal]:
    """Find changes since the baseline that came to nothing by the review point."""
    taken = {each.reference: each.at for each in told}
    for each in told:
        if each.code not in CHANGES or not each.answers & NO_RESPONSE:
            continue
        baseline = taken.get(each.derived[0]) if each.derived else None
        if baseline is not None and each.at >= baseline + REVIEW_POINT:
            yield Signal("no-response", each.at, (each.reference, *each.derived))


def _hours_short(told: Iterable[Stated], hours: HoursPolicy) -> Iterator[Signal]:
    """Find so many weeks on end with too few hours delivered; no week counts twice."""
    run: list[Stated] = []
    for each in sorted((e for e in told if e.code == DELIVERED), key=lambda e: e.at):
        if each.value is None or each.value >= hours.minimum:
            run = []
            continue
        run = [*run, each] if run and run[-1].until == each.at else [each]
        if len(run) == SHORT_WEEKS:
            yield Signal("hours-short", each.until, tuple(e.reference for e in run))
            run = []


def _no_shows(told: Sequence[Stated], history: History) -> Iterator[Signal]:
    weeks = [each for each in told if each.code == MISSED]
    for missed in repeated(history):
        cited = [
            week.reference
            for week in sorted(weeks, key=lambda each: each.at)
            if any(week.at <= each.start < week.until for each in missed)
        ]
        appointments = tuple(f"Appointment/{each.id}" for each in missed)
        yield Signal("no-shows", missed[-1].start, tuple(cited), appointments)


def _is_at_risk(each: Stated) -> bool:
    return each.code == RISK and bool(each.answers & SUICIDE_RISK)


def _is_relapse(each: Stated) -> bool:
    return any(
        rule.proposes and each.code in rule.codes and (each.value or 0) >= rule.least
        for rule in RULES
    )
