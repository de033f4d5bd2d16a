"""Scores, an episode or a merge were written: changes since the baseline are worked out anew.

They are made of all that the record holds now of one person, so the order in which scores come
makes no difference, nor does a repetition. A correction is followed for all whom it is or was
about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import measure_change
from services.progress_api.following import is_in_aftercare
from services.progress_api.results import Basis, keep
from shared.care.instruments.registry import INSTRUMENTS, score_of
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, persons_merged
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from datetime import datetime

    from services.progress_api.domain.measure_change import Window
    from shared.care.instruments.score import ChangeRule
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction

# In these the programme is responsible for the person; a pause is part of it. In the aftercare that
# follows, people are still asked, and compared with the same baseline.
_IN_PROGRAMME: Final = "active,onhold"
_FOLLOWED: Final = {
    score.code: (f"{score.system}|{score.code}", score.change)
    for instrument in INSTRUMENTS
    for score in instrument.scores
    if score.change is not None
}
_WHOSE: Final = {"Observation": "subject", "EpisodeOfCare": "patient"}


async def handle(event: Event, effects: Effects) -> None:
    """Keep the changes that the scores of all whom a write concerns show now."""
    tx = effects.tx
    now = content_of(await tx.read(event.key))
    before = content_of(await tx.read_version(event.key, event.version - 1))
    told = [each for each in (now, before) if each is not None]
    scores = _scores(event, told)
    persons = await _persons(event, told, tx) if scores else []
    found: list[JsonObject] = []
    possible = _lost(event, now, before, tx)
    for person in persons:
        window = await _window(tx, person, effects.now)
        if window is None:
            continue
        for code, rule in scores:
            at = await find(tx, "Observation", person.criterion, ("code", code))
            possible += [_change_of(each.key) for each in at]
            shown = measure_change.changes(rule, [e.content for e in at], window, tx.zone)
            found += [_about(person, each) for each in shown]
    basis = Basis(measure_change.POLICY, [f"{event.key}/_history/{event.version}"])
    await keep(tx, found, possible, basis, effects.now)


def _scores(event: Event, told: list[JsonObject]) -> list[tuple[str, ChangeRule]]:
    if event.key.type != "Observation":
        return list(_FOLLOWED.values())
    return [_FOLLOWED[code] for code in {_score_code(each) for each in told} if code in _FOLLOWED]


async def _persons(event: Event, told: list[JsonObject], tx: Transaction) -> list[OnePerson]:
    if event.key.type == "Patient":
        return await persons_merged(event, tx)
    whose = {patient_of(each, _WHOSE[event.key.type], tx.bases) for each in told}
    return list({await one_person(tx, each): None for each in sorted(filter(None, whose))})


def _lost(
    event: Event, now: JsonObject | None, before: JsonObject | None, tx: Transaction
) -> list[Key]:
    """Name the change of a score that no longer stands, or is another person's now."""
    if event.key.type != "Observation":
        return []
    stands = now is not None and measure_change.is_stated(now)
    whose = {patient_of(each, "subject", tx.bases) for each in (now, before) if each}
    return [] if stands and len(whose) == 1 else [_change_of(event.key)]


def _change_of(key: Key) -> Key:
    return Key("Observation", measure_change.change_id(key.id))


def _about(person: OnePerson, change: JsonObject) -> JsonObject:
    """Let what two Patients' scores show together be about the one who stands for both."""
    merged = {"subject": {"reference": f"Patient/{person.survivor}"}}
    return change | (merged if len(person.ids) > 1 else {})


def _score_code(observation: JsonObject) -> str | None:
    codings = observation.get("code", {}).get("coding", ())
    return next((each["code"] for each in codings if _is_score(each)), None)


def _is_score(coding: JsonObject) -> bool:
    known = score_of(coding.get("code", ""))
    return known is not None and known[1].system == coding.get("system")


async def _window(tx: Transaction, person: OnePerson, now: datetime) -> Window | None:
    windows = []
    episodes = await find(tx, "EpisodeOfCare", person.criterion, ("status", _IN_PROGRAMME))
    if not episodes:
        ended = await find(tx, "EpisodeOfCare", person.criterion, ("status", "finished"))
        episodes = [each for each in ended if await is_in_aftercare(each, tx, now)]
    for episode in episodes:
        first = await tx.read_version(episode.key, 1)
        stored = instant((first or episode.version).updated)
        windows.append(measure_change.baseline_window(episode.content, stored, tx.zone))
    return max(windows, key=lambda each: each.opens, default=None)


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may bring about a change, or take one back."""
    if written["resourceType"] == "Patient":
        return may_merge(written)
    if written["resourceType"] == "EpisodeOfCare":
        return True
    return _score_code(written) is not None or written["meta"]["versionId"] != "1"


REACTION: Final = Reaction(
    "measure_changed", frozenset({"Patient", *_WHOSE}), handle, concerns=concerns
)
