"""The truth about one synthetic person, as it was drawn and not as the resources tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from shared.care.instruments.change import classify
from shared.care.instruments.registry import score_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.synthetic.episodes.care import Programme
    from services.synthetic.episodes.courses import Scores
    from services.synthetic.episodes.sessions import Session
    from shared.fhir.reader import JsonObject


def truth(
    programme: Programme,
    told: tuple[list[Scores], Scores | None],
    held: Sequence[Session],
) -> JsonObject:
    """Label a person with the course, its scores and classes, the minutes and what happened."""
    weeks, after = told
    first, last = weeks[0], weeks[-1]
    return {
        "course": programme.course.name,
        "admitted": programme.admitted.isoformat(),
        "ended": programme.ended.isoformat(),
        "weeks": [_week(number, each, held) for number, each in enumerate(weeks)],
        "aftercare": None if after is None else asdict(after),
        "change": {
            "phq_9": _class("44261-6", first.phq_9, last.phq_9),
            "gad_7": _class("70274-6", first.gad_7, last.gad_7),
        },
        "minutes": sum(each.attended for each in held),
        "sessions": dict(sorted(Counter(each.kind for each in held).items())),
        "events": _events(programme),
    }


def _week(number: int, scores: Scores, held: Sequence[Session]) -> JsonObject:
    minutes = sum(each.attended for each in held if each.week == number)
    missed = sum(each.kind == "noshow" for each in held if each.week == number)
    return {"week": number + 1, **asdict(scores), "minutes": minutes, "missed": missed}


def _class(code: str, before: int, after: int) -> str | None:
    found = score_of(code)
    rule = found[1].change if found else None
    return classify(rule, before, after).classified if rule else None


def _events(programme: Programme) -> list[JsonObject]:
    ending = "dropped-out" if programme.course.is_dropout else "handed-over"
    events = (
        (programme.referred, "referred"),
        (programme.admitted, "admitted"),
        (programme.ended, ending),
    )
    return [{"date": day.isoformat(), "event": name} for day, name in events]
