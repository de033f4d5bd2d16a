"""A response to a known instrument was completed, amended or taken back: so are its results.

Whose answers nobody looked at may become somebody in care by a merge, and be parted again. Scores
that were somebody else's, whose answers nobody looks at, are nobody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import extraction
from services.progress_api.extracting import keep_results, sex_of, standing_results, take_back
from services.progress_api.following import has_episode, is_followed
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.one_person import persons_merged
from shared.feed.reaction import Reaction
from shared.store.finding import fetch, find

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.version import Key


async def handle(event: Event, effects: Effects) -> None:
    """Keep the results of what a response says now, or all those of a person who was merged."""
    if event.key.type == "QuestionnaireResponse":
        await _response_written(event.key, event, effects)
        return
    for person in await persons_merged(event, effects.tx):
        for response in await find(effects.tx, "QuestionnaireResponse", person.criterion):
            if concerns(response.content):
                await _response_written(response.key, event, effects)


async def _response_written(key: Key, event: Event, effects: Effects) -> None:
    tx = effects.tx
    response = await fetch(tx, key)
    if response is None or any(extraction.refusals(response.content, tx.bases)):
        await _take_back(key, event, effects)
        return
    patient_id = patient_of(response.content, "subject", tx.bases) or ""
    if await is_followed(tx, patient_id, effects.now):
        await _score(response, effects)
    elif results := await standing_results(tx, key):
        # Nobody looks at these answers any more, but what they have come to follows them.
        is_theirs = {_patient(each, tx.bases) for each in results} == {patient_id}
        if is_theirs and (event.key == key or await has_episode(tx, patient_id)):
            await _score(response, effects)
        else:
            await _take_back(key, event, effects)


async def _score(response: Found, effects: Effects) -> None:
    tx = effects.tx
    sex = await sex_of(tx, response.content)
    extracted = extraction.extraction(response.content, tx.bases, sex)
    await keep_results(tx, response, extracted.results(), effects.now)


async def _take_back(key: Key, event: Event, effects: Effects) -> None:
    await take_back(effects.tx, key, f"{event.key}/_history/{event.version}", effects.now)


def _patient(result: JsonObject, bases: tuple[str, ...]) -> str | None:
    return patient_of(result, "patient" if "patient" in result else "subject", bases)


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may have results, or takes some back."""
    if written["resourceType"] == "Patient":
        return may_merge(written)
    return extraction.is_done(written) or written["meta"]["versionId"] != "1"


REACTION: Final = Reaction(
    "response_completed", frozenset({"QuestionnaireResponse", "Patient"}), handle, concerns=concerns
)
