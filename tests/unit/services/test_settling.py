"""Sessions are settled beside what is present: booked, proposed anew, or waiting for a place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.plan_api.domain.neighbours import Neighbours
from services.plan_api.domain.settling import settled
from shared.care.appointment import SESSION_SYSTEM, overlap
from shared.care.booking import exclusive, in_the_way
from shared.care.capacity import fills, places_left, takes

Resource = dict[str, Any]
When = tuple[datetime, timedelta]

BEGINS = datetime(2026, 3, 2, 22, tzinfo=UTC)
NAMED = (BEGINS, timedelta(hours=1))


def timed(kind: str, name: str, start: datetime, lasts: timedelta) -> Resource:
    times = {"start": start.isoformat(), "end": (start + lasts).isoformat()}
    return {"resourceType": kind, "id": name, **times}


def appointment(
    name: str, who: tuple[str, ...], session: str | None = None, when: When = NAMED
) -> Resource:
    made = timed("Appointment", name, *when) | {"status": "booked"}
    people = [{"actor": {"reference": each}, "status": "accepted"} for each in who]
    named = [{"system": SESSION_SYSTEM, "value": session}] if session else []
    return made | {"participant": people} | ({"identifier": named} if named else {})


def slot(session: str, places: int, when: When = NAMED) -> Resource:
    made = timed("Slot", f"slot-{session}", *when) | {"extension": [takes(places)]}
    return made | {"identifier": [{"system": SESSION_SYSTEM, "value": session}]}


def test_who_is_free_is_booked() -> None:
    [made] = settled([appointment("a", ("Patient/a",))], [], [], ())
    assert made["status"] == "booked"


def test_who_is_taken_is_proposed_another_time_to() -> None:
    other = appointment("other", ("Patient/a",))
    [made] = settled([appointment("a", ("Patient/a", "Practitioner/p"))], [other], [], ())
    told = "Another time is to be found: Patient/a has another appointment."
    assert (made["status"], made["comment"]) == ("proposed", told)


def test_a_full_session_has_a_waiting_list() -> None:
    wanted = [appointment(name, (f"Patient/{name}",), "group") for name in "abc"]
    made = settled(wanted, [], [slot("group", 2)], ())
    assert [each["status"] for each in made] == ["booked", "booked", "waitlist"]


def test_what_is_beyond_midnight_is_in_the_way() -> None:
    late = BEGINS + timedelta(hours=1, minutes=30)
    other = appointment("other", ("Patient/a",), when=(late, timedelta(hours=3)))
    early = BEGINS + timedelta(hours=4)
    wanted = appointment("a", ("Patient/a",), when=(early, timedelta(minutes=30)))
    [made] = settled([wanted], [other], [], ())
    assert made["status"] == "proposed"


times = st.tuples(
    st.integers(0, 8 * 24).map(lambda hours: BEGINS + timedelta(hours=hours)),
    st.sampled_from([0, 1, 2, 24, 24 * 7, 24 * 30]).map(lambda hours: timedelta(hours=hours)),
)
people = st.sets(st.sampled_from(["Patient/a", "Patient/b", "Practitioner/p"]), min_size=1)
sessions = st.sampled_from([None, "one", "two"])


@st.composite
def appointments(draw: st.DrawFn) -> list[Resource]:
    names = count()
    each = st.builds(
        lambda who, session, when: appointment(str(next(names)), tuple(who), session, when),
        people,
        sessions,
        times,
    )
    return draw(st.lists(each, max_size=12))


def plainly_settled(
    wanted: list[Resource], present: list[Resource], slots: list[Resource]
) -> list[str]:
    """Compare each with everything, as slow as it is."""
    taken, found = list(present), []
    for each in wanted:
        status = "booked"
        if any(
            in_the_way(each, other, actor, ()) for actor in exclusive(each, ()) for other in taken
        ):
            status = "proposed"
        elif any(fills(each, s, ()) and places_left(s, taken, ()) <= 0 for s in slots):
            status = "waitlist"
        taken.append(each | {"status": status})
        found.append(status)
    return found


@given(
    appointments(), st.integers(0, 12), st.lists(st.tuples(times, st.integers(1, 3)), max_size=2)
)
def test_it_is_the_same_as_comparing_each_with_everything(
    drawn: list[Resource], split: int, rooms: list[tuple[When, int]]
) -> None:
    present, wanted = drawn[:split], drawn[split:]
    slots = [slot(name, n, when) for name, (when, n) in zip(("one", "two"), rooms, strict=False)]
    made = settled(wanted, present, slots, ())
    assert [each["status"] for each in made] == plainly_settled(wanted, present, slots)


@given(appointments(), appointments())
def test_neighbours_are_all_that_overlap(members: list[Resource], others: list[Resource]) -> None:
    neighbours = Neighbours(members)
    for other in others:
        near = neighbours.of(other)
        assert [m for m in members if overlap(m, other) and m not in near] == []


def test_neighbours_are_few() -> None:
    days = [(BEGINS + timedelta(days=day), timedelta(hours=1)) for day in range(100)]
    members = [appointment(str(n), ("Patient/a",), when=when) for n, when in enumerate(days)]
    near = Neighbours(members).of(appointment("x", ("Patient/a",), when=days[50]))
    assert near == [members[50]]
