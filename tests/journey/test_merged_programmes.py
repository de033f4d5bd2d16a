"""Two Patients of one person: what they attended, missed and were asked counts once, together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Person, Resource

DAY = timedelta(days=1)
WITHDRAWN = "withdrawn"


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


@pytest.fixture
def two(http: httpx.Client) -> Iterator[tuple[Participant, Participant]]:
    """The Patient who will stand for both, and the other one; both are in the programme."""
    both = Participant(http), Participant(http)
    yield both
    for each in both:
        each.leaves()


def weeks(person: Person, code: str) -> list[Resource]:
    found = person.found("Observation", code=f"{code_system('measure')}|{code}")
    return [each for each in found if each["status"] != "entered-in-error"]


def hours(person: Person) -> list[float]:
    return [each["valueQuantity"]["value"] for each in weeks(person, "delivered-hours")]


def missed(person: Person) -> list[int]:
    return [each["valueInteger"] for each in weeks(person, "missed-sessions")]


def test_what_both_attended_and_missed_counts_together_until_they_are_parted(
    two: tuple[Participant, Participant],
) -> None:
    survivor, old = two
    now = survivor.now()
    monday = (now - timedelta(days=now.weekday() + 21)).replace(
        hour=10, minute=0, second=0, microsecond=0
    )
    survivor.attends(survivor.session(monday, 60, "fulfilled"))
    old.attends(old.session(monday + DAY, 120, "fulfilled"))
    old.session(monday + 2 * DAY, 60, "noshow")
    settled(old)
    assert (hours(survivor), missed(survivor)) == ([1], [0])
    assert (hours(old), missed(old)) == ([2], [1])

    link = merged(old, survivor)
    settled(old)
    assert (hours(survivor), missed(survivor)) == ([3], [1])
    assert (hours(old), missed(old)) == ([], [])
    [week] = weeks(survivor, "delivered-hours")
    assert (week["status"], versioned(link) in sources(old, week)) == ("amended", True)

    merged(old, survivor)
    undone = parted(old)
    settled(old)
    assert (hours(survivor), missed(survivor)) == ([1], [0])
    assert (hours(old), missed(old)) == ([2], [1])
    [week] = weeks(old, "delivered-hours")
    assert (week["status"], versioned(undone) in sources(old, week)) == ("amended", True)


def tasks(person: Person, code: str) -> list[tuple[str, str]]:
    """Of each Task who is about a person: its status, and why it was taken back."""
    found = person.found("Task", code=f"{code_system('task')}|{code}")
    told = [
        (each["status"], each.get("statusReason", {}).get("coding", [{}])[0].get("code", ""))
        for each in found
    ]
    return sorted(told)


def test_who_does_not_come_is_called_once_for_both(two: tuple[Participant, Participant]) -> None:
    survivor, old = two
    start = (survivor.now() - DAY).replace(hour=10, minute=0, second=0, microsecond=0)
    old.session(start - DAY, 60, "noshow")
    survivor.session(start, 60, "noshow")
    settled(old)
    assert tasks(survivor, "outreach") == tasks(old, "outreach") == [("requested", "")]

    merged(old, survivor)
    settled(old)
    assert tasks(survivor, "outreach") == [("cancelled", WITHDRAWN), ("requested", "")]
    assert tasks(survivor, "risk-review") == [("requested", "")]
    assert tasks(old, "outreach") == tasks(old, "risk-review") == []

    parted(old)
    settled(old)
    assert tasks(survivor, "outreach") == tasks(old, "outreach") == [("requested", "")]
    assert tasks(survivor, "risk-review") == [("cancelled", WITHDRAWN)]
    assert tasks(old, "risk-review") == []


def measures(person: Participant) -> list[str]:
    return [each["status"] for each in person.measures()]


def test_a_person_is_asked_once_and_either_answers(two: tuple[Participant, Participant]) -> None:
    survivor, old = two
    settled(old)
    assert measures(survivor) == measures(old) == ["requested"]

    merged(old, survivor)
    settled(old)
    assert (measures(survivor), measures(old)) == (["requested"], ["cancelled"])
    answer = old.answer()
    settled(old)
    assert (measures(survivor), measures(old)) == (["completed"], ["cancelled"])

    parted(old)
    settled(old)
    assert (measures(survivor), measures(old)) == (["requested"], ["completed"])

    old.put(answer | {"status": "entered-in-error"})
    settled(old)
    assert measures(old) == ["requested"]

    old.put(answer)
    settled(old)
    assert measures(old) == ["completed"]


def test_hours_and_progress_are_told_of_both(two: tuple[Participant, Participant]) -> None:
    survivor, old = two
    now: datetime = survivor.now()
    start = (now - 3 * DAY).replace(hour=10, minute=0, second=0, microsecond=0)
    survivor.attends(survivor.session(start, 60, "fulfilled"))
    old.attends(old.session(start + DAY, 60, "fulfilled"))
    days = {"start": (start - 7 * DAY).date().isoformat()}

    def attended(person: Person) -> int:
        answer = person.http.get(f"Patient/{person.id}/$progress", params=days)
        [told] = [each for each in answer.json()["parameter"] if each["name"] == "attendance"]
        values = {each["name"]: each for each in told["part"]}
        return int(values["attended"]["valueInteger"])

    plan = survivor.put(
        {
            "resourceType": "CarePlan",
            "id": f"plan-{survivor.id}",
            "status": "draft",
            "intent": "plan",
            "subject": survivor.reference,
        }
    )

    def delivered() -> int:
        asked = days | {"policy": "iop-general"}
        answer = survivor.http.get(f"CarePlan/{plan['id']}/$hours", params=asked)
        assert answer.status_code == 200, answer.text
        [policy] = [each for each in answer.json()["parameter"] if each["name"] == "policy"]
        told = [each for each in policy["part"] if each["name"] == "week"]
        return sum(
            part["valueInteger"]
            for each in told
            for part in each["part"]
            if part["name"] == "delivered"
        )

    assert attended(survivor) == attended(old) == 1
    alone = delivered()
    merged(old, survivor)
    assert attended(survivor) == attended(old) == 2
    assert delivered() >= alone
    parted(old)
    assert attended(survivor) == attended(old) == 1


def test_a_programme_counts_one_person_once_until_they_are_parted(
    http: httpx.Client, two: tuple[Participant, Participant]
) -> None:
    survivor, old = two
    named = {"resourceType": "Organization", "id": f"o-{survivor.id}"[:60], "name": "A programme"}
    organization = survivor.put(named)
    programme = {"reference": f"Organization/{organization['id']}"}
    for each in two:
        start = (each.now() - DAY).isoformat()
        each.put(each.episode | {"managingOrganization": programme, "period": {"start": start}})

    def present() -> set[str]:
        answer = http.get(f"{programme['reference']}/$figures", params={"measure": "census"})
        assert answer.is_success, answer.text
        [report] = [entry["resource"] for entry in answer.json()["entry"]]
        group = report["group"][0]
        [population] = group["population"]
        [found] = [
            each
            for each in report.get("contained", ())
            if f"#{each['id']}" == population["subjectResults"]["reference"]
        ]
        return {each["item"]["reference"].partition("/")[2] for each in found["entry"]}

    assert present() == {each.episode["id"] for each in two}
    merged(old, survivor)
    assert present() == {survivor.episode["id"]}
    parted(old)
    assert present() == {each.episode["id"] for each in two}
