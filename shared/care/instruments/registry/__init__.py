"""The instruments that are scored here: a JSON file for each, read once."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec

from shared.care.instruments.instrument import Instrument

if TYPE_CHECKING:
    from shared.care.instruments.score import Score


def _read() -> tuple[Instrument, ...]:
    found = [each for each in files(__name__).iterdir() if each.name.endswith(".json")]
    bodies = (each.read_bytes() for each in sorted(found, key=lambda each: each.name))
    return tuple(msgspec.json.decode(body, type=Instrument) for body in bodies)


INSTRUMENTS: Final = _read()
_BY_QUESTIONNAIRE: Final = {
    canonical: instrument for instrument in INSTRUMENTS for canonical in instrument.questionnaires
}
_BY_SCORE: Final = {
    score.code: (instrument, score) for instrument in INSTRUMENTS for score in instrument.scores
}


def instrument_of(questionnaire: str | None) -> Instrument | None:
    """Find the instrument that a canonical, with or without its version, stands for."""
    return _BY_QUESTIONNAIRE.get((questionnaire or "").partition("|")[0])


def score_of(code: str) -> tuple[Instrument, Score] | None:
    """Find the score with a code, of LOINC or of ours, and its instrument."""
    return _BY_SCORE.get(code)
