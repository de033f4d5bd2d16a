"""An episode of care: how its status moves on, and the law about who admits to the programme.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import code_system
from shared.care.law import CareChange, Law
from shared.fhir.dates import not_before
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.law import Found
    from shared.fhir.reader import JsonObject

PROGRAMME: Final = {"system": code_system("programme"), "code": "iop"}
# Who waits for the programme is neither admitted nor declined yet.
WAITING: Final = ("planned", "waitlist")
_IN_CARE: Final = ("active", "onhold")


def is_programme(episode: JsonObject) -> bool:
    """Tell whether an episode is one of the intensive outpatient programme."""
    return any(
        (coding.get("system"), coding.get("code")) == (PROGRAMME["system"], PROGRAMME["code"])
        for concept in episode.get("type", ())
        for coding in concept.get("coding", ())
    )


def is_in_programme(episode: JsonObject) -> bool:
    """Tell whether an episode says that somebody is in the programme, be it on hold."""
    return episode.get("status") in _IN_CARE and is_programme(episode)


def moved(episode: JsonObject, status: str, at: str) -> JsonObject:
    """Give an episode its next status, ending the one before in its history."""
    history = list(episode.get("statusHistory", ()))
    is_told = bool(history) and "end" not in history[-1]["period"]
    last = history.pop() if is_told else _told_now(episode)
    then = not_before(at, last["period"].get("start", at))
    ended = last | {"period": last["period"] | {"end": then}}
    begun = {"status": status, "period": {"start": then}}
    return episode | {"status": status, "statusHistory": [*history, ended, begun]}


def finished(episode: JsonObject, at: str) -> JsonObject:
    """Give an episode as it is when it ends."""
    period = episode.get("period", {})
    end = not_before(at, period.get("start", at))
    return moved(episode, "finished", at) | {"period": period | {"end": end}}


def _told_now(episode: JsonObject) -> JsonObject:
    start = episode.get("period", {}).get("start")
    return {"status": episode["status"], "period": {"start": start} if start else {}}


def is_admission(change: CareChange) -> bool:
    """Tell whether somebody who waited for the programme is in it now, be it on hold."""
    before, after = change.before, change.after
    if before is None or before["status"] not in WAITING or after["status"] not in _IN_CARE:
        return False
    return is_programme(before) or is_programme(after)


def practitioner_admits(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse to let anybody but a Practitioner admit to the programme who waited for it."""
    if is_admission(change) and not (change.caller or "").startswith("Practitioner/"):
        yield Issue(
            "error",
            "forbidden",
            "Only a Practitioner admits to the programme: send X-Stepdown-Actor.",
            "EpisodeOfCare.status",
        )


LAWS = (Law("EpisodeOfCare", practitioner_admits),)
