"""Gathers who waits for a place in the programme, with all that decides on the order."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.place_tasks import OPEN, SYSTEM, WAITLIST
from services.intake_api.domain.waitlist import Place, Waiting, ordered
from shared.care import stated_risk
from shared.care.episode import PROGRAMME
from shared.care.subject import patient_of
from shared.store.finding import find, find_any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_WAITS: Final = (
    ("type", f"{PROGRAMME['system']}|{PROGRAMME['code']}"),
    ("status", "waitlist"),
)


async def waiting_list(reading: Reading, now: datetime, bases: tuple[str, ...]) -> list[Place]:
    """Give all who wait, the first before the others."""
    episodes = [each.content for each in await find(reading, "EpisodeOfCare", *_WAITS)]
    if not episodes:
        return []
    said = await _risks(reading, episodes, bases)
    zone = now.tzinfo or UTC
    risks = {whose: stated_risk.last_answer(each, zone) for whose, each in said.items()}
    priorities = await open_tasks(reading, WAITLIST)
    return ordered(
        (
            Waiting(
                each,
                risks.get(patient_of(each, "patient", bases)),
                priorities.get(f"EpisodeOfCare/{each['id']}", {}).get("priority"),
            )
            for each in episodes
        ),
        now,
    )


async def open_tasks(reading: Reading, code: str) -> dict[str, JsonObject]:
    """Find the open Tasks of a code, by the episode that each is about."""
    asked = ("code", f"{SYSTEM}|{code}"), ("status", ",".join(OPEN))
    tasks = [each.content for each in await find(reading, "Task", *asked)]
    return {each.get("focus", {}).get("reference", ""): each for each in tasks}


async def _risks(
    reading: Reading, episodes: Sequence[JsonObject], bases: tuple[str, ...]
) -> dict[str | None, list[JsonObject]]:
    """Find what was stated of each person's suicide risk."""
    patients = sorted({patient_of(each, "patient", bases) or "" for each in episodes})
    named = [f"Patient/{each}" for each in patients if each]
    told: dict[str | None, list[JsonObject]] = {}
    for each in await find_any(reading, "Observation", ("patient", named), *stated_risk.CRITERIA):
        told.setdefault(patient_of(each.content, "subject", bases), []).append(each.content)
    return told
