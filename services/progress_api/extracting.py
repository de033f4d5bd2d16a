"""Keeps the results of a QuestionnaireResponse, for the operation and the reaction alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.progress_api.domain import extraction
from services.progress_api.results import Basis, keep
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def keep_results(
    tx: Transaction, response: Found, results: Iterable[JsonObject], now: datetime
) -> list[Version]:
    """Keep what a version of a response comes to, and take back what it no longer comes to."""
    possible = [Key(*each) for each in extraction.possible_results(response.key.id)]
    return await keep(tx, results, possible, Basis(extraction.POLICY, [response.versioned]), now)
