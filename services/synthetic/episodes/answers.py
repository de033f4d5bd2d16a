"""Answers to PHQ-9 and GAD-7 that add up to a total, and the Observations that they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import Completed
from services.progress_api.domain.score_observations import score_observations
from services.synthetic.marks import META
from shared.care.canonical import CANONICAL
from shared.care.instruments.registry import instrument_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.synthetic.chance import Chance
    from services.synthetic.episodes.courses import Scores
    from services.synthetic.history import History
    from shared.care.instruments.instrument import Instrument
    from shared.fhir.reader import JsonObject

_MOST: Final = 3
# Thoughts of death and the difficulty are never where points are put.
_WITHOUT_POINTS: Final = frozenset({"44260-8", "69722-7"})


@dataclass(frozen=True, slots=True)
class Measuring:
    """When the totals were measured, and the chance that spreads them over items."""

    at: str
    totals: Scores
    chance: Chance


def measure(history: History, measuring: Measuring) -> dict[str, JsonObject]:
    """Let the person answer both questionnaires, and give References to the totals by LOINC."""
    totals = measuring.totals
    recorded: dict[str, JsonObject] = {}
    for name, total in (("phq-9", totals.phq_9), ("gad-7", totals.gad_7)):
        instrument = instrument_of(f"{CANONICAL}/Questionnaire/{name}")
        if instrument is not None:
            answers = _spread(instrument, total, measuring.chance)
            recorded |= _answer(history, instrument, measuring, answers)
    return recorded


def _spread(instrument: Instrument, total: int, chance: Chance) -> dict[str, int]:
    items = {item: 0 for score in instrument.scores for item in score.items}
    for _ in range(total):
        open_ = [e for e, given in items.items() if given < _MOST and e not in _WITHOUT_POINTS]
        items[chance.pick(open_)] += 1
    return items


def _answer(
    history: History, instrument: Instrument, measuring: Measuring, answers: Mapping[str, int]
) -> dict[str, JsonObject]:
    content = {
        "questionnaire": f"{CANONICAL}/Questionnaire/{instrument.name}",
        "status": "completed",
        "subject": history.subject,
        "source": history.subject,
        "author": history.subject,
        "authored": measuring.at,
        "item": [_item(instrument, item, value) for item, value in answers.items()],
    }
    response = history.add("QuestionnaireResponse", content)
    told = {"id": "response", "status": "completed"}
    completed = Completed(instrument, told, "person", measuring.at, answers)
    return {
        observation["code"]["coding"][0]["code"]: history.add(
            "Observation", _referring(observation, history.subject, response)
        )
        for observation in score_observations(completed)
    }


def _item(instrument: Instrument, item: str, value: int) -> JsonObject:
    option = instrument.option(item, value)
    coding = {"system": option.system, "code": option.code, "display": option.display}
    return {"linkId": item, "answer": [{"valueCoding": coding}]}


def _referring(observation: JsonObject, person: JsonObject, response: JsonObject) -> JsonObject:
    """Let an Observation refer inside its Bundle; its id is the server's to give."""
    kept = {name: value for name, value in observation.items() if name != "id"}
    return kept | {
        "meta": META | observation["meta"],
        "subject": person,
        "performer": [person],
        "derivedFrom": [response],
    }
