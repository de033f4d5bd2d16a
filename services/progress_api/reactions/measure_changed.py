"""A score was written: the changes of that score since the person's baseline are worked out anew.

They are made of all that the record holds now, so the order in which scores come makes no
difference, nor does a repetition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import measure_change
from services.progress_api.following import is_in_aftercare
from services.progress_api.results import Basis, keep
from shared.care.instruments.registry import score_of
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from datetime import datetime

    from services.progress_api.domain.measure_change import Window
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction

# In these the programme is responsible for the person; a pause is part of it. In the aftercare that
# follows, people are still asked, and compared with the same baseline.
_IN_PROGRAMME: Final = "active,onhold"


async def handle(event: Event, effects: Effects) -> None:
    """Keep the changes that all scores of the same person and code show now."""
    tx = effects.tx
    written = content_of(await tx.read(event.key)) or {}
    code = _score_code(written)
    patient_id = patient_of(written, "subject", tx.bases)
    window = None if patient_id is None else await _window(tx, patient_id, effects.now)
    known = None if code is None else score_of(code)
    if known is None or window is None or known[1].change is None:
        return
    patient = ("patient", f"Patient/{patient_id}")
    asked = ("code", f"{known[1].system}|{code}")
    scores = await find(tx, "Observation", patient, asked)
    contents = [each.content for each in scores]
    found = measure_change.changes(known[1].change, contents, window, tx.zone)
    possible = [Key("Observation", measure_change.change_id(each.key.id)) for each in scores]
    basis = Basis(measure_change.POLICY, [f"{event.key}/_history/{event.version}"])
    await keep(tx, found, possible, basis, effects.now)


def _score_code(observation: JsonObject) -> str | None:
    codings = observation.get("code", {}).get("coding", ())
    return next((each["code"] for each in codings if _is_score(each)), None)


def _is_score(coding: JsonObject) -> bool:
    known = score_of(coding.get("code", ""))
    return known is not None and known[1].system == coding.get("system")


async def _window(tx: Transaction, patient_id: str, now: datetime) -> Window | None:
    patient, windows = ("patient", f"Patient/{patient_id}"), []
    episodes = await find(tx, "EpisodeOfCare", patient, ("status", _IN_PROGRAMME))
    if not episodes:
        ended = await find(tx, "EpisodeOfCare", patient, ("status", "finished"))
        episodes = [each for each in ended if await is_in_aftercare(each, tx, now)]
    for episode in episodes:
        first = await tx.read_version(episode.key, 1)
        stored = instant((first or episode.version).updated)
        windows.append(measure_change.baseline_window(episode.content, stored, tx.zone))
    return max(windows, key=lambda each: each.opens, default=None)


def concerns(observation: JsonObject) -> bool:
    """Tell whether an Observation is a score whose change is followed."""
    return _score_code(observation) is not None


REACTION: Final = Reaction("measure_changed", frozenset({"Observation"}), handle, concerns=concerns)
