"""The Questionnaires that progress_api publishes: one for each instrument of the registry."""

from __future__ import annotations

from typing import Final

from services.progress_api.questionnaires.of_instrument import questionnaire_of
from shared.care.instruments.registry import INSTRUMENTS

QUESTIONNAIRES: Final = tuple(questionnaire_of(instrument) for instrument in INSTRUMENTS)
