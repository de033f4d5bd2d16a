"""When an authorisation runs out, by days and units, and what becomes of its Task."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.intake_api.domain.authorisation import (
    asked_again,
    authorisations,
    running_out,
    task,
    withdrawn,
)
from shared.fhir.reader import read

Resource = dict[str, Any]
START, END = date(2026, 3, 1), date(2026, 4, 30)
AT = "2026-04-20T12:00:00.000Z"


def claim(name: str = "a", units: int | None = 36, **changes: object) -> Resource:
    items = [{"quantity": {"value": units}}] if units is not None else []
    return {
        "resourceType": "ClaimResponse",
        "id": name,
        "status": "active",
        "use": "preauthorization",
        "outcome": "complete",
        "preAuthPeriod": {"start": START.isoformat(), "end": END.isoformat()},
        "addItem": items,
        **changes,
    }


def days(number: int) -> set[date]:
    return {START + timedelta(days=each) for each in range(number)}


def why(claims: list[Resource], attended: int, today: date) -> list[str] | None:
    found = running_out(authorisations(claims, UTC), days(attended), today)
    return found[1] if found else None


def test_every_day_and_every_number_of_units_agree_with_a_plain_reading() -> None:
    for day, used in product(range(70), range(0, 40, 3)):
        today = START + timedelta(days=day)
        near = (END - today).days <= 14
        few = 36 - used <= 6
        told = why([claim()], used, today)
        assert (told is not None) == (near or few), (today, used)
        assert len(told or ()) == near + few


def test_only_days_of_the_authorisation_are_its_units() -> None:
    before = {START - timedelta(days=each) for each in range(1, 40)}

    assert running_out(authorisations([claim()], UTC), before, START) is None


def test_units_that_are_not_limited_never_run_short() -> None:
    assert why([claim(units=None)], 60, START) is None
    assert why([claim(addItem=[{"quantity": {"unit": "day"}}])], 60, START) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "cancelled"},
        {"status": "entered-in-error"},
        {"outcome": "error"},
        {"outcome": "queued"},
        {"use": "claim"},
        {"preAuthPeriod": {"start": "2026-03-01"}},
    ],
)
def test_what_authorises_nothing_is_none(changes: Resource) -> None:
    assert authorisations([claim(**changes)], UTC) == []
    assert len(authorisations([claim()], UTC)) == 1


def test_one_that_suffices_is_enough_and_of_others_the_last_is_asked_for() -> None:
    late = date(2026, 4, 25)
    more = claim("b", preAuthPeriod={"start": "2026-05-01", "end": "2026-06-30"})
    assert why([claim(), more], 0, late) is None

    short = claim("b", units=6, preAuthPeriod={"start": "2026-05-01", "end": "2026-06-30"})
    found = running_out(authorisations([short, claim()], UTC), [], late)
    assert found is not None
    assert found[0].reference == "ClaimResponse/b"


@pytest.mark.parametrize("told", [["36"], ["36.0"], ["3.6e1"], ["17.5", "18.5"]])
def test_units_may_be_written_with_decimals(told: list[str]) -> None:
    items = [read(f'{{"quantity": {{"value": {each}}}}}'.encode()) for each in told]
    [found] = authorisations([claim(addItem=items)], UTC)
    assert found.units == 36


@pytest.mark.parametrize("last", ["0001-01-05", "9999-12-31", "2026"])
def test_any_day_of_the_calendar_may_be_the_last(last: str) -> None:
    [found] = authorisations([claim(preAuthPeriod={"end": last})], ZoneInfo("Asia/Tokyo"))
    assert (found.last - found.watched_from).days in {4, 14}


def test_the_last_day_is_that_of_the_site() -> None:
    told = claim(preAuthPeriod={"end": "2026-05-01T03:00:00Z"})

    [there] = authorisations([told], ZoneInfo("America/New_York"))
    assert there.last == END


def test_a_task_is_asked_for_once_for_what_was_authorised() -> None:
    [first] = authorisations([claim()], UTC)
    [more] = authorisations([claim(units=48)], UTC)
    [longer] = authorisations([claim(preAuthPeriod={"end": "2026-05-30"})], UTC)
    assert len({each.task_id for each in (first, more, longer)}) == 3

    asked = task(first, ["it ends on 2026-04-30"], "Patient/p", AT)
    assert asked["description"] == "Ask the payer for more: it ends on 2026-04-30."
    assert asked["focus"] == {"reference": "ClaimResponse/a"}
    assert asked["restriction"] == {"period": {"end": "2026-04-30"}}
    gone = withdrawn(asked, AT)
    assert gone is not None
    assert (gone["status"], withdrawn(gone, AT)) == ("cancelled", None)
    assert asked_again(gone, asked, AT) == asked | {"lastModified": AT}
    assert asked_again(asked, asked, AT) is None
    other = {"for": {"reference": "Patient/other"}}
    assert asked_again(asked, asked | other, AT) == asked | other | {"lastModified": AT}
    of_nobody = {name: value for name, value in asked.items() if name != "for"}
    assert asked_again(of_nobody, asked, AT) == asked | {"lastModified": AT}


@pytest.mark.parametrize("status", ["completed", "rejected", "cancelled"])
def test_what_people_have_ended_is_left_to_them(status: str) -> None:
    [told] = authorisations([claim()], UTC)
    ended = task(told, ["it ends"], "Patient/p", AT) | {"status": status}

    assert withdrawn(ended, AT) is None
    assert asked_again(ended, ended, AT) is None
