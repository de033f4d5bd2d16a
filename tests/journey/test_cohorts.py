"""People join a cohort as long as it has room, then the next one, or wait, as they prefer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from services.plan_api.domain.cohort import WHEN_FULL, Cohort
from shared.care.capacity import takes
from tests.journey.decided import recommendation
from tests.journey.planning import PROGRAMME, Planned, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


ORGANIZATION = {"resourceType": "Organization", "name": "A programme"}
ELSEWHERE = {"status": "active", "type": [{"text": "Outpatient care"}]}


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


def in_programme(
    http: httpx.Client, organization: str, *, waits: bool = False, is_short: bool = False
) -> Planned:
    """Give a person of a programme an active plan, of ten days where it is short."""
    person = Planned(http)
    assert person.episode is not None
    person.put(person.episode | {"managingOrganization": {"reference": organization}})
    plan = person.apply(practitioner=person.clinician)
    if is_short:
        start = date.fromisoformat(plan["period"]["start"])
        period = {"start": start.isoformat(), "end": (start + timedelta(days=9)).isoformat()}
        plan = person.put(plan | {"period": period})
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


def test_who_is_admitted_after_their_plan_is_active_joins_and_is_booked_at_once(
    http: httpx.Client,
) -> None:
    person = Planned(http, "planned")
    organization = f"Organization/o-{person.id}"
    person.put(ORGANIZATION | {"id": f"o-{person.id}"})
    waits = (person.episode or {}) | {"managingOrganization": {"reference": organization}}
    person.put(waits)
    # In care elsewhere, without which no plan is active.
    person.put({k: waits[k] for k in ("resourceType", "patient")} | ELSEWHERE | {"id": person.id})
    person.activate(person.apply(practitioner=person.clinician))
    person.pass_time()
    assert person.all("Appointment") == []

    person.put(recommendation(f"Patient/{person.id}", person.now()))
    admitted = person.write(person.read(waits) | {"status": "active"})
    assert admitted.is_success, admitted.text
    person.pass_time()
    group = person.read({"resourceType": "Group", "id": Cohort(organization).id})
    assert [each["entity"] for each in group["member"]] == [person.reference]
    assert cohorts(person) == {organization}
    booked = person.all("Appointment")
    assert {each["status"] for each in booked} == {"booked"}
    assert {each["status"] for each in person.all("ServiceRequest")} == {"active"}
    person.write(person.read(waits) | {"careManager": {"display": "Intake"}})
    person.pass_time()
    assert person.all("Appointment") == booked


def test_a_place_that_is_given_back_is_had_by_who_waits(http: httpx.Client) -> None:
    host = Planned(http)
    programme = host.put(ORGANIZATION | {"id": f"o-{host.id}"})
    organization = f"Organization/{programme['id']}"
    cohort = {"resourceType": "Group", "id": Cohort(organization).id, "extension": [takes(1)]}
    host.put(cohort | {"type": "person", "actual": True, "code": PROGRAMME})
    first = in_programme(http, organization)
    waiting = in_programme(http, organization, waits=True)
    mine, theirs = groups(waiting)[0], groups(first)
    held = next(each for each in theirs if each["identifier"] == mine["identifier"])

    assert waiting.write(mine | {"status": "booked"}).status_code == 409
    reason = {"text": "The person has an exam."}
    first.put(held | {"status": "cancelled", "cancelationReason": reason})
    first.pass_time()
    assert waiting.read(mine)["status"] == "booked"
    assert published(http, held)["status"] == "busy"
    assert [e["id"] for e in groups(waiting) if e["status"] == "booked"] == [mine["id"]]


def test_who_waits_for_a_cohort_joins_it_when_somebody_leaves(http: httpx.Client) -> None:
    host = Planned(http)
    programme = host.put(ORGANIZATION | {"id": f"o-{host.id}"})
    organization = f"Organization/{programme['id']}"
    cohort = {"resourceType": "Group", "id": Cohort(organization).id, "extension": [takes(1)]}
    host.put(cohort | {"type": "person", "actual": True, "code": PROGRAMME})
    first = in_programme(http, organization, is_short=True)
    waiting = in_programme(http, organization, waits=True, is_short=True)
    [plan] = first.all("CarePlan", status="active")

    first.put(plan | {"status": "completed"})
    first.pass_time()

    assert {each["status"] for each in groups(waiting)} == {"booked"}
    [member] = host.read(cohort)["member"]
    assert member["entity"] == waiting.reference
    [told] = [e for e in waiting.all("Communication") if len(e["about"]) > 1]
    assert len(told["about"]) >= len(groups(waiting))


def published(http: httpx.Client, appointment: Resource) -> Resource:
    answer = http.get(appointment["slot"][0]["reference"])
    assert answer.is_success, answer.text
    slot: Resource = answer.json()
    return slot


def members(organization: str, http: httpx.Client) -> set[str]:
    group = http.get(f"Group/{Cohort(organization).id}").json()
    return {each["entity"]["reference"] for each in group.get("member", ())}


def test_who_turns_out_to_be_in_another_programme_meets_with_its_people(
    http: httpx.Client,
) -> None:
    host = Planned(http)
    wrong, right = (
        f"Organization/{host.put(ORGANIZATION | {'id': f'{n}-{host.id}'})['id']}" for n in "wr"
    )
    person, other = in_programme(http, wrong), in_programme(http, wrong)
    assert (cohorts(person), members(wrong, http)) == (
        {wrong},
        {f"Patient/{person.id}", f"Patient/{other.id}"},
    )

    assert person.episode is not None
    told = person.read(person.episode) | {"managingOrganization": {"reference": right}}
    person.put(told)
    person.pass_time()

    assert (members(wrong, http), members(right, http)) == (
        {f"Patient/{other.id}"},
        {f"Patient/{person.id}"},
    )
    assert (cohorts(person), cohorts(other)) == ({right}, {wrong})
    assert {each["status"] for each in groups(person)} == {"booked"}
