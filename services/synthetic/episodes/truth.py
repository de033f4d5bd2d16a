"""The truth about one synthetic person, as it was drawn and not as the resources tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from services.synthetic.episodes.review import SCORES, classified, decided_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from services.synthetic.episodes.courses import Scores
    from services.synthetic.episodes.programme import Programme
    from services.synthetic.episodes.sessions import Session
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Told:
    """What was drawn: the scores of the weeks and of aftercare, sessions, clocks and handoff."""

    weeks: Sequence[Scores | None]
    after: Scores | None
    held: Sequence[Session]
    clocks: Sequence[JsonObject]
    handoff: JsonObject | None


def truth(programme: Programme, told: Told) -> JsonObject:
    """Label a person with the course, its scores and classes, the minutes and what happened."""
    known, held = [each for each in told.weeks if each], told.held
    return {
        "course": programme.course.name,
        "admitted": programme.admitted.isoformat(),
        "ended": programme.ended.isoformat(),
        "weeks": [_week(number, each, held) for number, each in enumerate(told.weeks)],
        "aftercare": None if told.after is None else asdict(told.after),
        "change": {each: classified(each, known[0], known[-1]) for each in SCORES},
        "minutes": sum(each.attended for each in held),
        "sessions": dict(sorted(Counter(each.kind for each in held).items())),
        "follow_up": list(told.clocks),
        "handoff": told.handoff,
        "revision": _revision(programme),
        "events": [{"date": d.isoformat(), "event": e} for d, e in sorted(_events(programme))],
    }


def _week(number: int, scores: Scores | None, held: Sequence[Session]) -> JsonObject:
    of_week = [each for each in held if each.week == number]
    return {
        "week": number + 1,
        **(asdict(scores) if scores else dict.fromkeys(SCORES)),
        "minutes": sum(each.attended for each in of_week),
        "missed": sum(each.kind == "noshow" for each in of_week),
    }


def _revision(programme: Programme) -> JsonObject | None:
    review = programme.review
    if review is None:
        return None
    told = {"measure": review.measure, "decision": review.decision}
    return {"week": review.week + 1} | told


def _events(programme: Programme) -> Iterator[tuple[date, str]]:
    yield programme.referred, "referred"
    yield programme.admitted, "admitted"
    if programme.review is not None:
        yield programme.monday(programme.review.week), "revision-proposed"
        decided = f"revision-{programme.review.decision}"
        yield decided_on(programme, programme.review), decided
    if (stay := programme.readmission) is not None:
        yield stay.admitted, "readmitted"
        yield stay.discharged, "discharged-again"
        yield stay.returned, "returned"
    yield programme.ended, "dropped-out" if programme.course.is_dropout else "handed-over"
