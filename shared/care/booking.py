"""The law of booking: nobody, and no room, is in two appointments at once.

Those of one group session share who leads it and where it meets; each person has their own.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from shared.care.appointment import HOLDING, actors_of, holds, overlap, sessions_of, span_of
from shared.care.law import CareChange, Found, Law, Need
from shared.fhir.dates import moment
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

# Who and what can be in one place only. A service or a group can meet often at once.
_EXCLUSIVE: Final = ("Patient", "Practitioner", "PractitionerRole", "Location", "Device")
# A place that says to be larger than a room holds several appointments.
_ROOMS: Final = frozenset({"ro", "bd", "ve"})
# So that what overlaps is found by when it began.
_LONGEST: Final = 24 * 3_600_000_000
_DAY: Final = timedelta(days=1)
_LAST_MONDAY: Final = date(9999, 12, 20)


def lasts_a_day_at_most(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse an appointment that would hold people for longer than a day."""
    if holds(change.after) and is_too_long(change.after):
        told = "An Appointment lasts at most 24 hours; write one for each day."
        yield Issue("error", "business-rule", told, "Appointment.end")


def is_too_long(appointment: JsonObject) -> bool:
    """Tell whether an appointment lasts longer than one may."""
    span = span_of(appointment)
    return span is not None and span[1] - span[0] > _LONGEST


def nobody_is_in_two_places(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse an appointment of somebody or something that has another one at the time."""
    matches = [each for every in found for each in every]
    places = {f"Location/{each['id']}" for each in matches if _is_larger_than_a_room(each)}
    others = [each for each in matches if each["resourceType"] == "Appointment"]
    for actor in sorted(_taken(change) - places):
        if any(in_the_way(change.after, each, actor, change.bases) for each in others):
            told = f"{actor} has another Appointment at this time."
            yield Issue("error", "conflict", told, "Appointment.participant")


def in_the_way(
    appointment: JsonObject, other: JsonObject, actor: str, bases: tuple[str, ...]
) -> bool:
    """Tell whether another appointment keeps one from having somebody or something."""
    is_shared = not actor.startswith("Patient/") and bool(
        sessions_of(appointment) & sessions_of(other)
    )
    return (
        not is_shared
        and other["id"] != appointment["id"]
        and holds(other)
        and actor in actors_of(other, bases)
        and overlap(appointment, other)
    )


def exclusive(appointment: JsonObject, bases: tuple[str, ...]) -> frozenset[str]:
    """Name who and what an appointment has for itself."""
    actors = actors_of(appointment, bases)
    return frozenset(each for each in actors if each.partition("/")[0] in _EXCLUSIVE)


def around(appointment: JsonObject, actor: str) -> tuple[Need, ...]:
    """Name the searches for what may overlap an appointment of an actor, one for each UTC week.

    Two that overlap share a week, so they also share a Need, and one waits for the other. Those of
    a plan share most of theirs.
    """
    span = span_of(appointment)
    if span is None or not 0 <= span[1] - span[0] <= _LONGEST:
        return ()
    weeks = (_monday(each) for each in (span[0], max(span[0], span[1] - 1)))
    return tuple(_from(monday, actor) for monday in dict.fromkeys(weeks))


def _monday(microseconds: int) -> date:
    day = moment(microseconds).date()
    return max(date.min + _DAY, day - _DAY * day.weekday())


def _from(monday: date, actor: str) -> Need:
    # What overlaps a week began in it, or on the day before.
    began = monday - _DAY, min(monday, _LAST_MONDAY) + _DAY * 7
    dates = ("date", f"ge{began[0].isoformat()}"), ("date", f"lt{began[1].isoformat()}")
    return Need("Appointment", (("actor", actor), *dates, ("status", ",".join(HOLDING))))


def _needs(change: CareChange) -> tuple[Need, ...]:
    taken = sorted(_taken(change))
    places = ",".join(each.partition("/")[2] for each in taken if each.startswith("Location/"))
    days = tuple(need for actor in taken for need in around(change.after, actor))
    return (*days, Need("Location", (("_id", places),))) if places and days else days


def _taken(change: CareChange) -> frozenset[str]:
    """Name whom an appointment takes that it did not have before at this time."""
    after, before = change.after, change.before
    if not holds(after):
        return frozenset()
    wanted = exclusive(after, change.bases)
    if before is None or not holds(before) or not _keeps_to(before, after):
        return wanted
    return wanted - exclusive(before, change.bases)


def _keeps_to(before: JsonObject, after: JsonObject) -> bool:
    old, new = span_of(before), span_of(after)
    if old is None or new is None or sessions_of(before) != sessions_of(after):
        return False
    return old[0] <= new[0] and new[1] <= old[1]


def _is_larger_than_a_room(place: JsonObject) -> bool:
    codings = place.get("physicalType", {}).get("coding", ())
    codes = {each.get("code") for each in codings}
    return place["resourceType"] == "Location" and bool(codes) and not codes & _ROOMS


LAWS: Final = (
    Law("Appointment", lasts_a_day_at_most),
    Law("Appointment", nobody_is_in_two_places, _needs),
)
