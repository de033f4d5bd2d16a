"""A response to a known instrument was completed, amended or taken back: so are its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import extraction
from services.progress_api.extracting import keep_results, sex_of
from services.progress_api.following import is_followed
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.store.finding import fetch

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject


async def handle(event: Event, effects: Effects) -> None:
    """Keep the results of what the response says now, whichever version the event tells of."""
    tx = effects.tx
    response = await fetch(tx, event.key)
    if response is None:
        return
    patient_id = patient_of(response.content, "subject", tx.bases)
    if patient_id is None or not await is_followed(tx, patient_id, effects.now):
        return
    if extraction.is_retracted(response.content):
        await keep_results(tx, response, (), effects.now)
    elif not any(extraction.refusals(response.content, tx.bases)):
        sex = await sex_of(tx, response.content)
        extracted = extraction.extraction(response.content, tx.bases, sex)
        await keep_results(tx, response, extracted.results(), effects.now)


def concerns(response: JsonObject) -> bool:
    """Tell whether a response may have results, or had some."""
    return extraction.is_done(response) or extraction.is_retracted(response)


REACTION: Final = Reaction(
    "response_completed", frozenset({"QuestionnaireResponse"}), handle, concerns=concerns
)
