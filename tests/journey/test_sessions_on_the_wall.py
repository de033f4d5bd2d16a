"""Sessions in a zone that changes its clocks: at the time preferred, all the year, and rebooked."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import httpx
import pytest

from shared.care.appointment import SESSION_SYSTEM
from tests.journey.applying import Preferring
from tests.journey.planning import until
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.person import Resource

ZONE = ZoneInfo("America/New_York")
TEMPLATE = "iop-adult-mental-health"
A_YEAR = timedelta(days=370)


class Booked(NamedTuple):
    person: Preferring
    plan: Resource
    orders: dict[str, Resource]

    def sessions(self, service: str, status: str = "booked") -> list[Resource]:
        about = f"ServiceRequest/{self.orders[service]['id']}"
        found = self.person.all("Appointment", status=status)
        return [each for each in found if each["basedOn"] == [{"reference": about}]]


@pytest.fixture(scope="module")
def booked(database_url: str) -> Iterator[Booked]:
    """Give a person an evening plan in which individual therapy goes on for a year."""
    told = {"front-door": {"STEPDOWN_TIME_ZONE": ZONE.key}}
    with (
        Programs.all_in_one(database_url, told=told) as programs,
        httpx.Client(base_url=programs.fhir, timeout=180, trust_env=False) as http,
    ):
        until(lambda: http.get(f"PlanDefinition/{TEMPLATE}").is_success)
        person = Preferring(http)
        plan = person.plan(TEMPLATE, session_time="evening")
        start = date.fromisoformat(plan["period"]["start"])
        period = {"start": start.isoformat(), "end": (start + A_YEAR).isoformat()}
        therapy = person.part(plan, "ServiceRequest")["individual-therapy"]
        timing = therapy["occurrenceTiming"]
        for_long = timing | {"repeat": timing["repeat"] | {"boundsPeriod": period}}
        assert person.write(therapy | {"occurrenceTiming": for_long}).is_success
        plan = person.write(plan | {"period": period}).json()
        plan = person.activate(plan)
        person.pass_time()
        yield Booked(person, plan, person.part(plan, "ServiceRequest"))


def local(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(ZONE)


def test_who_prefers_evenings_has_places_in_the_evening_s_slots(booked: Booked) -> None:
    sessions = booked.sessions("group-therapy")

    assert {local(each["start"]).strftime("%H:%M") for each in sessions} == {"17:30"}
    for each in sessions[:3]:
        [named] = each["slot"]
        slot = booked.person.http.get(named["reference"]).json()
        assert (slot["start"], slot["end"]) == (each["start"], each["end"])
        assert [each["system"] for each in slot["identifier"]] == [SESSION_SYSTEM]
    everything = booked.person.all("Appointment", status="booked")
    assert min(local(each["start"]).hour for each in everything) >= 17


def test_the_time_on_the_wall_stays_when_the_clocks_change(booked: Booked) -> None:
    sessions = booked.sessions("individual-therapy")

    starts = sorted(local(each["start"]) for each in sessions)
    assert {each.strftime("%a %H:%M") for each in starts} == {"Wed 17:30"}
    assert {each.utcoffset() for each in starts} == {timedelta(hours=-5), timedelta(hours=-4)}
    days = [each.date() for each in starts]
    assert {later - day for day, later in pairwise(days)} == {timedelta(days=7)}
    assert len(days) >= 52
    lengths = {local(each["end"]) - local(each["start"]) for each in sessions}
    assert lengths == {timedelta(minutes=60)}


def test_a_session_is_called_off_and_booked_anew_for_the_same_order(booked: Booked) -> None:
    person = booked.person
    *others, first = sorted(
        booked.sessions("motivational-interviewing"), key=lambda each: local(each["start"])
    )
    why = {"cancelationReason": {"text": "The person asked for another day."}}
    gone = person.put(first | {"status": "cancelled"} | why)
    later = {
        name: (datetime.fromisoformat(first[name]) + timedelta(days=3)).isoformat()
        for name in ("start", "end")
    }
    kept = ("resourceType", "description", "minutesDuration", "basedOn", "participant")
    anew = {name: first[name] for name in (*kept, "supportingInformation", "serviceType")} | later

    made = person.put(anew | {"id": f"anew-{uuid.uuid4()}", "status": "booked"})
    person.write(person.read(booked.plan) | {"title": "Another title"})
    person.pass_time()

    assert [person.read(each) for each in (gone, made)] == [gone, made]
    standing = {each["id"] for each in booked.sessions("motivational-interviewing")}
    assert standing == {made["id"], *(each["id"] for each in others)}
    history = person.http.get(f"Appointment/{first['id']}/_history").json()["entry"]
    assert [each["resource"]["status"] for each in history] == ["cancelled", "booked"]
    order = person.read(booked.orders["motivational-interviewing"])
    person.write(order | {"status": "revoked"})
    person.pass_time()
    still = booked.sessions("motivational-interviewing")
    assert [each for each in still if local(each["start"]) > person.now()] == []
    assert person.read(made)["cancelationReason"]["text"] == "No longer part of the plan"
    assert person.read(gone)["cancelationReason"] == why["cancelationReason"]


def test_a_plan_s_page_tells_the_programme_s_own_days(booked: Booked) -> None:
    person = booked.person
    # It is still the first of March in New York.
    note = {"time": "2026-03-02T03:30:00Z", "text": "One evening less."}
    person.write(person.read(booked.plan) | {"note": [note]})
    # No other test looks at its sessions, which are called off.
    order = booked.orders["yoga"]
    about, why = f"ServiceRequest/{order['id']}", "Seen elsewhere."
    address = f"CarePlan/{booked.plan['id']}/$propose-revision"
    proposal = person.ask(address, remove=about, reason=why).json()

    plan = person.ask(f"CarePlan/{proposal['id']}/$accept-revision").json()

    told = plan["text"]["div"]
    assert "2026-03-01: One evening less." in told
    revised = local(plan["note"][-1]["time"]).date().isoformat()
    assert f"{revised}: " in told.partition("One evening less.")[2]
