"""The figures of programmes against a count of their own, from the raw resources of the record."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.synthetic.episodes import episodes
from tests.journey.counting_sessions import Sessions
from tests.journey.edges import ONE, TWO, edges
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.counting import Numbers, Resource

ZONE = ZoneInfo("America/New_York")
TYPES = (
    "Organization",
    "Patient",
    "EpisodeOfCare",
    "Task",
    "Appointment",
    "Encounter",
    "CarePlan",
    "ServiceRequest",
    "Observation",
)
PAGE = 1000
# Of the courses, a dropout and somebody who was readmitted.
PEOPLE, SEED, CHOSEN = 6, 11, (4, 6)
PERIODS = (
    (date(2026, 3, 1), date(2026, 3, 31)),
    (date(2026, 2, 1), date(2026, 2, 28)),
    (date(2026, 4, 1), date(2026, 4, 30)),
    (date(2026, 3, 8), date(2026, 3, 8)),
)


@pytest.fixture(scope="module")
def http(database_url: str) -> Iterator[httpx.Client]:
    told = {"front-door": {"STEPDOWN_TIME_ZONE": ZONE.key}}
    with (
        Programs.all_in_one(database_url, told=told) as programs,
        httpx.Client(base_url=programs.fhir, timeout=180, trust_env=False) as each,
    ):
        people = [bundle for bundle, _ in episodes(PEOPLE, SEED)]
        for bundle in (people[0], *(people[each] for each in CHOSEN), edges()):
            answer = each.post("", json=bundle)
            assert answer.is_success, answer.text
        yield each


@pytest.fixture(scope="module")
def record(http: httpx.Client) -> list[Resource]:
    found = []
    for name in TYPES:
        url: str | None = f"{name}?_count={PAGE}"
        while url:
            page = http.get(url).raise_for_status().json()
            found += [entry["resource"] for entry in page.get("entry", [])]
            url = next((e["url"] for e in page["link"] if e["relation"] == "next"), None)
    return found


def told(http: httpx.Client, count: Sessions) -> dict[str, Resource]:
    """Ask for all figures; each report by the name of its measure."""
    days = {"start": count.first.isoformat(), "end": count.last.isoformat()}
    asked = days | {"programme": count.programme}
    answer = http.get(f"{count.organization}/$figures", params=asked)
    assert answer.is_success, answer.text
    reports = [each["resource"] for each in answer.json()["entry"]]
    return {each["measure"].rpartition("/")[2].split("|")[0]: each for each in reports}


def followed(report: Resource, population: dict[str, Any]) -> set[str]:
    """Follow a number to what it counts."""
    lists = {f"#{each['id']}": each["entry"] for each in report.get("contained", [])}
    items = lists.get(population.get("subjectResults", {}).get("reference"), [])
    members = [each["item"]["reference"] for each in items]
    assert population["count"] == len(members) == len(set(members))
    return set(members)


def numbers(report: Resource) -> Numbers:
    return {
        group["code"]["coding"][0]["code"]: tuple(
            followed(report, each) for each in group["population"]
        )
        for group in report["group"]
    }


def scores(report: Resource) -> list[float | None]:
    return [each.get("measureScore", {}).get("value") for each in report["group"]]


def strata(report: Resource, name: str) -> dict[str, set[str]]:
    group = report["group"][0]
    return {
        stratum["value"]["text"]: followed(report, stratum["population"][0])
        for each in group.get("stratifier", [])
        for stratum in each["stratum"]
        if each["code"][0]["text"] == name
    }


def synthetic(record: list[Resource]) -> str:
    [found] = {
        each["managingOrganization"]["reference"]
        for each in record
        if each["resourceType"] == "EpisodeOfCare" and not each["id"].startswith("edge-")
    }
    return str(found)


def counts(record: list[Resource]) -> Iterator[Sessions]:
    for organization, programme in ((ONE, "iop"), (ONE, "php"), (TWO, "iop"), (TWO, "php")):
        for first, last in PERIODS:
            yield Sessions(record, organization, first, last, ZONE, programme)
    stays = [
        e["period"]
        for e in record
        if e["id"][:5] != "edge-" and e["resourceType"] == "EpisodeOfCare"
    ]
    starts = sorted(date.fromisoformat(each["start"][:10]) for each in stays)
    ends = sorted(date.fromisoformat(each["end"][:10]) for each in stays)
    for first, last in ((starts[0], ends[0]), (starts[-1], ends[-1]), (ends[0], ends[-1])):
        yield Sessions(record, synthetic(record), min(first, last), max(first, last), ZONE)


def compare(reports: dict[str, Resource], count: Sessions, known: str) -> None:
    assert numbers(reports["census"]) == count.census(), known
    assert strata(reports["census"], "day") == count.by_day(), known
    assert numbers(reports["referrals"]) == count.referrals(), known
    assert strata(reports["referrals"], "age-in-days") == count.ages(), known
    assert strata(reports["referrals"], "state") == count.states("referral"), known
    assert numbers(reports["handoffs"]) == count.handoffs(), known
    assert strata(reports["handoffs"], "state") == count.states("handoff"), known
    assert numbers(reports["follow-up"]) == count.follow_up(), known
    visits, days = count.waits()
    assert (numbers(reports["first-visit"]), scores(reports["first-visit"])) == (visits, [days])


def compare_sessions(reports: dict[str, Resource], count: Sessions, known: str) -> None:
    assert numbers(reports["attendance"]) == count.attendance(), known
    outcome, expected = numbers(reports["outcome"]), count.outcome()
    assert {name: outcome[name] for name in expected} == expected, known
    planned, delivered = count.planned(), count.delivered()
    followed_hours = {"planned": (planned[0],), "delivered": (delivered[0],)}
    assert numbers(reports["hours"]) == followed_hours, known
    assert scores(reports["hours"]) == [round(each, 2) for _, each in (planned, delivered)], known


def test_every_figure_is_what_a_count_of_its_own_gives(
    http: httpx.Client, record: list[Resource]
) -> None:
    for count in counts(record):
        reports = told(http, count)
        known = f"{count.organization} {count.programme} {count.first} {count.last}"
        compare(reports, count, known)
        compare_sessions(reports, count, known)


@pytest.mark.parametrize("asked", ["end=0001-01-05", "end=9999-12-31", "start=9999-12-31"])
def test_a_period_at_the_end_of_the_calendar_is_refused(http: httpx.Client, asked: str) -> None:
    answer = http.get(f"{ONE}/$figures?{asked}")
    assert answer.status_code == 400
    assert "of the years 3 to 9998" in answer.json()["issue"][0]["diagnostics"]
