"""The Questionnaires that are published: one for each instrument, and the self-referral."""

from __future__ import annotations

from typing import Final

from services.progress_api.questionnaires.of_instrument import questionnaire_of
from shared.care.instruments.registry import INSTRUMENTS
from shared.server.profiles import published

QUESTIONNAIRES: Final = (*map(questionnaire_of, INSTRUMENTS), *published(__name__))
