"""People join a cohort as long as it has room, then the next one, or wait, as they prefer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from services.plan_api.domain.cohort import WHEN_FULL, Cohort
from shared.care.capacity import takes
from tests.journey.planning import PROGRAMME, Planned, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


ORGANIZATION = {"resourceType": "Organization", "name": "A programme"}


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


def in_programme(http: httpx.Client, organization: str, *, waits: bool = False) -> Planned:
    """Give a person of a programme an active plan."""
    person = Planned(http)
    assert person.episode is not None
    person.put(person.episode | {"managingOrganization": {"reference": organization}})
    plan = person.apply(practitioner=person.clinician)
    if waits:
        # What is signed is the plan with the preference.
        prefers = {"url": WHEN_FULL, "valueCode": "waitlist"}
        plan = person.put(plan | {"extension": [*plan.get("extension", ()), prefers]})
    person.activate(plan)
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    person.pass_time()
    return person


def groups(person: Planned) -> list[Resource]:
    return [e for e in person.all("Appointment") if e["description"] == "Group therapy"]


def cohorts(person: Planned) -> set[str]:
    return {each["identifier"][0]["value"].partition("|")[0] for each in groups(person)}


def test_who_finds_a_cohort_full_joins_the_next_or_waits(http: httpx.Client) -> None:
    host = Planned(http)
    programme = host.put(ORGANIZATION | {"id": f"o-{host.id}"})
    organization = f"Organization/{programme['id']}"
    # One of which people have said that it takes one.
    cohort = {"resourceType": "Group", "id": Cohort(organization).id, "extension": [takes(1)]}
    host.put(cohort | {"type": "person", "actual": True, "code": PROGRAMME})

    first = in_programme(http, organization)
    second = in_programme(http, organization)
    third = in_programme(http, organization, waits=True)

    assert [cohorts(each) for each in (first, second)] == [{organization}, {f"{organization}/2"}]
    statuses = [{each["status"] for each in groups(one)} for one in (first, second, third)]
    assert statuses == [{"booked"}, {"booked"}, {"waitlist"}]
    assert {each["comment"] for each in groups(third)} == {"The session is full."}
    single = [e for e in third.all("Appointment") if e["description"] == "Individual therapy"]
    assert {each["status"] for each in single} == {"booked"}
    slots = [published(http, each) for each in (groups(first)[0], groups(second)[0])]
    assert [each["status"] for each in slots] == ["busy", "free"]
    assert all("Patient" not in str(each) for each in slots)


def test_everybody_is_booked_for_all_sessions_of_the_cohort_that_they_join(
    http: httpx.Client,
) -> None:
    host = Planned(http)
    programme = host.put(ORGANIZATION | {"id": f"o-{host.id}"})
    organization = f"Organization/{programme['id']}"
    for number in (1, 2, 3):
        cohort: Resource = {"resourceType": "Group", "id": Cohort(organization, number).id}
        of_one = {"type": "person", "actual": True, "code": PROGRAMME, "extension": [takes(1)]}
        host.put(cohort | of_one)

    for number in (1, 2, 3):
        sessions = in_programme(http, organization).all("Appointment")
        met = {s["identifier"][0]["value"].partition("|")[0] for s in sessions if "identifier" in s}
        assert met == {Cohort(organization, number).name}
        assert {each["status"] for each in sessions} == {"booked"}


def test_a_place_that_is_given_back_is_free_again_and_can_be_taken(http: httpx.Client) -> None:
    host = Planned(http)
    programme = host.put(ORGANIZATION | {"id": f"o-{host.id}"})
    organization = f"Organization/{programme['id']}"
    cohort = {"resourceType": "Group", "id": Cohort(organization).id, "extension": [takes(1)]}
    host.put(cohort | {"type": "person", "actual": True, "code": PROGRAMME})
    first = in_programme(http, organization)
    waiting = in_programme(http, organization, waits=True)
    mine, theirs = groups(waiting)[0], groups(first)
    held = next(each for each in theirs if each["identifier"] == mine["identifier"])

    assert waiting.write(mine | {"status": "booked"}).status_code == 422
    reason = {"text": "The person has an exam."}
    first.put(held | {"status": "cancelled", "cancelationReason": reason})
    first.pass_time()
    assert published(http, held)["status"] == "free"
    assert waiting.write(mine | {"status": "booked"}).is_success
    waiting.pass_time()
    assert published(http, held)["status"] == "busy"


def published(http: httpx.Client, appointment: Resource) -> Resource:
    answer = http.get(appointment["slot"][0]["reference"])
    assert answer.is_success, answer.text
    slot: Resource = answer.json()
    return slot
