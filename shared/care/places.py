"""How many people a programme takes, as a whole and on each track, and the law that keeps to it.

A HealthcareService of the programme says so by the extension `capacity`; its `characteristic` may
name a track and `providedBy` whose programme it is. An episode that does not say its track (a type
of its own) or its organization counts wherever it may belong, so that no place is given twice.
https://hl7.org/fhir/R4/healthcareservice.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import code_system
from shared.care.capacity import capacity_of
from shared.care.episode import PROGRAMME, is_programme
from shared.care.law import CareChange, Found, Law, Need
from shared.care.programme_plan import ids_of
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject

TRACK: Final = code_system("preference")
TRACKS: Final = {"day": "During the day", "evening": "In the evening"}
_PROGRAMME: Final = f"{PROGRAMME['system']}|{PROGRAMME['code']}"
# Who pauses comes back to the same place.
_HOLDING: Final = ("active", "onhold")
SERVICES: Final = Need("HealthcareService", (("service-type", _PROGRAMME),))
TAKEN: Final = Need("EpisodeOfCare", (("type", _PROGRAMME), ("status", ",".join(_HOLDING))))


def track_of(concepts: Iterable[JsonObject]) -> str | None:
    """Tell the track that the types of an episode, or a service's characteristics, name."""
    codings = (coding for concept in concepts for coding in concept.get("coding", ()))
    codes = {each.get("code") for each in codings if each.get("system") == TRACK}
    return next((each for each in TRACKS if each in codes), None)


def on_track(episode: JsonObject, track: str | None) -> JsonObject:
    """Let an episode name a track in place of another one; None leaves it as it is."""
    if track is None or track_of(episode["type"]) == track:
        return episode
    others = [each for each in episode["type"] if track_of([each]) is None]
    named = {"coding": [{"system": TRACK, "code": track}], "text": TRACKS[track]}
    return episode | {"type": [*others, named]}


def takes_a_place(episode: JsonObject | None) -> bool:
    """Tell whether somebody is in the programme."""
    return episode is not None and episode["status"] in _HOLDING and is_programme(episode)


def limits(service: JsonObject, episode: JsonObject, bases: tuple[str, ...]) -> bool:
    """Tell whether the places of a service are also those of an episode."""
    if capacity_of(service) is None or service.get("active") is False:
        return False
    tracks = {track_of(service.get("characteristic", ())), track_of(episode.get("type", ()))}
    of_whom = (service.get("providedBy", {}), episode.get("managingOrganization", {}))
    organizations = {each for named in of_whom for each in ids_of([named], "Organization", bases)}
    return len(tracks - {None}) < 2 and len(organizations) < 2


def places_left(service: JsonObject, episodes: Iterable[JsonObject], bases: tuple[str, ...]) -> int:
    """Count the places that nobody has; below none where there are more people than places."""
    those = {e["id"] for e in episodes if takes_a_place(e) and limits(service, e, bases)}
    return (capacity_of(service) or 0) - len(those)


def a_programme_has_room(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse one more person than a programme, or a track of it, takes."""
    episodes = [each for every in found[1:] for each in every]
    for service in found[0] if found else ():
        if not _comes_to(service, change):
            continue
        if places_left(service, (*episodes, change.after), change.bases) < 0:
            told = f"{name_of(service)} is full: it takes {capacity_of(service)}."
            yield Issue("error", "conflict", told, "EpisodeOfCare.status")


def name_of(service: JsonObject) -> str:
    """Name a service in a sentence, by its reference."""
    return f"HealthcareService/{service['id']}"


def _comes_to(service: JsonObject, change: CareChange) -> bool:
    """Tell whether a write takes a place of a service that it had not before."""
    before, after = change.before, change.after
    had = before is not None and takes_a_place(before) and limits(service, before, change.bases)
    return takes_a_place(after) and limits(service, after, change.bases) and not had


def _services(change: CareChange) -> tuple[Need, ...]:
    before, after = change.before or {}, change.after
    names = ("type", "managingOrganization")
    is_same = all(before.get(name) == after.get(name) for name in names)
    had = takes_a_place(change.before) and is_same
    return (SERVICES,) if takes_a_place(after) and not had else ()


def _taken(change: CareChange, found: Found) -> tuple[Need, ...]:
    [services] = found
    return (TAKEN,) if any(_comes_to(each, change) for each in services) else ()


LAWS: Final = (Law("EpisodeOfCare", a_programme_has_room, _services, _taken),)
