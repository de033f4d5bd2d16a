"""Gathers who waits for a place in the programme, with all that decides on the order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.place_tasks import OPEN, SYSTEM, WAITLIST
from services.intake_api.domain.waitlist import Place, Waiting, ordered
from shared.care.episode import PROGRAMME
from shared.care.subject import patient_of
from shared.store.finding import find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_WAITS: Final = (
    ("type", f"{PROGRAMME['system']}|{PROGRAMME['code']}"),
    ("status", "waitlist"),
)
_SAID: Final = (
    ("code", "http://loinc.org|93374-7"),
    ("status", "final,amended,corrected"),
)


async def waiting_list(reading: Reading, now: datetime, bases: tuple[str, ...]) -> list[Place]:
    """Give all who wait, the first before the others."""
    episodes = [each.content for each in await find(reading, "EpisodeOfCare", *_WAITS)]
    if not episodes:
        return []
    risks = await _risks(reading, episodes, bases)
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
) -> dict[str | None, str | None]:
    """Find the answer of each person's last suicide risk."""
    patients = sorted({patient_of(each, "patient", bases) or "" for each in episodes})
    named = ",".join(f"Patient/{each}" for each in patients if each)
    found = await find(reading, "Observation", ("patient", named), *_SAID) if named else []
    in_time = sorted(found, key=lambda each: str(each.content.get("effectiveDateTime", "")))
    return {patient_of(each.content, "subject", bases): _answer(each.content) for each in in_time}


def _answer(observation: JsonObject) -> str | None:
    codings = observation.get("valueCodeableConcept", {}).get("coding", ())
    return next((str(each["code"]) for each in codings if "code" in each), None)
