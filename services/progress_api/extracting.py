"""Keeps the results of a QuestionnaireResponse, for the operation and the reaction alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.progress_api.domain import extraction
from services.progress_api.results import Basis, keep
from shared.care.instruments.registry import instrument_of
from shared.care.subject import patient_of
from shared.server.interactions.update import content_of
from shared.store.finding import fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def sex_of(tx: Transaction, response: JsonObject) -> str | None:
    """Find what the record says of the person's sex, where the bands of a score differ by it."""
    instrument = instrument_of(response.get("questionnaire"))
    patient_id = patient_of(response, "subject", tx.bases)
    if instrument is None or patient_id is None:
        return None
    if not any(score.by_sex for score in instrument.scores):
        return None
    patient = await fetch(tx, Key("Patient", patient_id))
    return None if patient is None else patient.content.get("gender")


async def take_back(tx: Transaction, response: Key, source: str, now: datetime) -> None:
    """Take back whatever a response has come to, because of what `source` says."""
    possible = await tx.existing(Key(*each) for each in extraction.possible_results(response.id))
    await keep(tx, (), possible, Basis(extraction.POLICY, [source]), now)


async def standing_results(tx: Transaction, response: Key) -> list[JsonObject]:
    """Read what a response has come to, unless it was taken back."""
    possible = await tx.existing(Key(*each) for each in extraction.possible_results(response.id))
    found = [content_of(await tx.read(key)) for key in possible]
    return [each for each in found if each and not extraction.is_retracted(each)]


async def keep_results(
    tx: Transaction, response: Found, results: Iterable[JsonObject], now: datetime
) -> list[Version]:
    """Keep what a version of a response comes to, and take back what it no longer comes to."""
    possible = [Key(*each) for each in extraction.possible_results(response.key.id)]
    return await keep(tx, results, possible, Basis(extraction.POLICY, [response.versioned]), now)
