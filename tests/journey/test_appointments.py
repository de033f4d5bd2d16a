"""Every session of an active plan is booked for the person, and called off when it leaves."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.appointment import SESSION_SYSTEM
from shared.care.canonical import code_system
from tests.journey.planning import Planned, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Planned:
    return Planned(http)


def booked(person: Planned, status: str = "booked") -> list[Resource]:
    return person.all("Appointment", status=status)


def begin(session: Resource) -> datetime:
    return datetime.fromisoformat(session["start"])


def active(person: Planned) -> Resource:
    """Give the person an active plan whose sessions are all booked."""
    plan = person.activate(person.apply(practitioner=person.clinician))
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    person.pass_time()
    return plan


def of_activity(person: Planned, display: str) -> Resource:
    return next(each for each in person.all("ServiceRequest") if each["code"]["text"] == display)


def test_every_session_of_an_active_plan_is_booked_once(person: Planned) -> None:
    plan = active(person)

    found = booked(person)
    start, end = (date.fromisoformat(plan["period"][each]) for each in ("start", "end"))
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    therapy = of_activity(person, "Group therapy")
    group = [each for each in found if each["basedOn"][0]["reference"].endswith(therapy["id"])]
    expected = [day for day in days if day.weekday() in {0, 1, 3, 4}]
    met = sorted(datetime.fromisoformat(each["start"]).date() for each in group)
    # A session of today may have begun before the plan was made active.
    assert met in (expected, expected[1:])
    assert len({each["start"] for each in found}) == len(found)
    person.write(plan | {"title": "Another title"})
    person.pass_time()
    assert booked(person) == found


def test_an_appointment_tells_what_when_and_for_whom(person: Planned) -> None:
    plan = active(person)

    therapy = of_activity(person, "Group therapy")
    each = next(e for e in booked(person) if e["description"] == "Group therapy")
    assert each["basedOn"] == [{"reference": f"ServiceRequest/{therapy['id']}"}]
    assert each["supportingInformation"] == [{"reference": f"CarePlan/{plan['id']}"}]
    assert each["serviceType"] == [therapy["code"]]
    assert each["minutesDuration"] == 60
    actors = [one["actor"]["reference"] for one in each["participant"]]
    assert actors == [f"Patient/{person.id}", person.clinician]
    [identifier] = each["identifier"]
    local_start = each["start"][:19]
    assert identifier["system"] == SESSION_SYSTEM
    cohort, meeting = identifier["value"].split("|", 1)
    assert cohort.partition("/")[0] == "iop"
    assert meeting == f"group-therapy|{local_start}"
    slot = http_read(person, each["slot"][0]["reference"])
    assert (slot["identifier"], slot["status"]) == ([identifier], "free")
    assert (slot["start"], slot["end"]) == (each["start"], each["end"])
    assert http_read(person, slot["schedule"]["reference"])["active"] is True
    assert local_start.endswith("T09:00:00")
    single = next(e for e in booked(person) if e["description"] == "Individual therapy")
    assert "identifier" not in single
    [said] = person.told_of(each)
    assert said["agent"][0]["who"]["identifier"]["value"] == "appointments-follow-the-plan|1.0"


def test_two_people_in_one_session_share_its_identifier_and_no_appointment(
    http: httpx.Client,
) -> None:
    one, other = in_a_programme_of_their_own(http, 2)
    for each in (one, other):
        active(each)

    sessions = [
        {each["identifier"][0]["value"] for each in booked(person) if "identifier" in each}
        for person in (one, other)
    ]
    assert sessions[0] == sessions[1]
    assert not {each["id"] for each in booked(one)} & {each["id"] for each in booked(other)}
    assert all(f"Patient/{other.id}" not in str(each) for each in booked(one))


def test_a_draft_plan_books_nothing(person: Planned) -> None:
    person.apply()
    person.pass_time()

    assert person.all("Appointment") == []


def test_an_activity_that_is_revoked_is_called_off_alone(person: Planned) -> None:
    active(person)
    before = len(booked(person))
    yoga = of_activity(person, "Yoga")
    person.write(yoga | {"status": "revoked"})
    person.pass_time()

    gone = booked(person, "cancelled")
    assert {each["description"] for each in gone} == {"Yoga"}
    assert len(booked(person)) == before - len(gone)


def test_an_activity_that_the_plan_drops_is_called_off(person: Planned) -> None:
    plan = active(person)
    kept = [each for each in plan["activity"] if each["reference"]["display"] != "Yoga"]
    person.write(plan | {"activity": kept})
    person.pass_time()

    assert {each["description"] for each in booked(person, "cancelled")} == {"Yoga"}


def test_an_activity_that_the_plan_adds_is_ordered_and_booked(person: Planned) -> None:
    plan = active(person)
    before = {each["id"] for each in booked(person)}
    yoga = of_activity(person, "Yoga")
    repeat = yoga["occurrenceTiming"]["repeat"] | {"dayOfWeek": ["sun"]}
    more = yoga | {
        "id": f"more-{person.id}",
        "status": "draft",
        "occurrenceTiming": {"repeat": repeat},
    }
    person.put(more)
    added = {"reference": {"reference": f"ServiceRequest/{more['id']}"}}
    person.write(plan | {"activity": [*plan["activity"], added]})

    until(lambda: person.read(more)["status"] == "active")
    person.pass_time()
    fresh = [each for each in booked(person) if each["id"] not in before]
    assert {datetime.fromisoformat(each["start"]).weekday() for each in fresh} == {6}
    assert booked(person, "cancelled") == []


def written(person: Planned, resource: Resource) -> httpx.Response:
    """Write again what was told to be tried again, as whoever writes amid others does."""
    answer = person.write(resource)
    return written(person, resource) if answer.status_code == 503 else answer


def test_orders_that_change_while_the_plan_comes_into_force_keep_the_change(
    person: Planned,
) -> None:
    plan = person.apply()
    person.sign(plan)
    drafts = person.all("ServiceRequest", status="draft")
    assert person.write(plan | {"status": "active"}).is_success
    changed = [
        written(person, each | {"patientInstruction": "Bring water."}) for each in drafts[::4]
    ]

    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    assert all(each.is_success for each in changed)
    told = {e["id"] for e in person.all("ServiceRequest") if "patientInstruction" in e}
    assert told == {each["id"] for each in drafts[::4]}


def test_what_people_changed_is_left_to_them(person: Planned) -> None:
    plan = active(person)
    first, second, third = sorted(booked(person), key=begin)[:3]
    person.waits_for(first)
    missed = person.put(first | {"status": "noshow"})
    for said in person.told_of(third):
        person.delete(said)
    person.delete(third)
    moved = person.put(second | {"start": third["start"], "end": third["end"]})

    person.write(plan | {"title": "Another title"})
    person.pass_time()

    assert person.read(moved) == moved
    assert person.read(missed) == missed
    assert third["id"] not in {each["id"] for each in person.all("Appointment")}


def test_a_session_that_people_moved_stays_although_its_order_meets_otherwise(
    person: Planned,
) -> None:
    active(person)
    therapy = of_activity(person, "Individual therapy")
    first, second = [e for e in booked(person) if e["description"] == "Individual therapy"][:2]
    later = {
        name: (datetime.fromisoformat(first[name]) + timedelta(hours=8)).isoformat()
        for name in ("start", "end")
    }
    moved = person.put(first | later | {"comment": "The person has an exam in the morning."})
    repeat = therapy["occurrenceTiming"]["repeat"] | {"dayOfWeek": ["sat"]}
    person.write(therapy | {"occurrenceTiming": {"repeat": repeat}})
    person.pass_time()

    assert person.read(moved) == moved
    assert moved["meta"]["versionId"] == "2"
    assert person.read(second)["status"] == "cancelled"
    assert person.read(second)["cancelationReason"]["text"] == "No longer part of the plan"
    history = person.http.get(f"Appointment/{moved['id']}/_history").json()["entry"]
    assert [each["resource"]["start"] for each in history] == [moved["start"], first["start"]]
    person.write(person.read(therapy) | {"status": "revoked"})
    person.pass_time()
    assert person.read(moved)["status"] == "cancelled"


def test_what_cannot_be_booked_is_proposed_and_says_why(http: httpx.Client) -> None:
    one, other = Planned(http), Planned(http)
    other.clinician = one.clinician
    for each in (one, other):
        active(each)

    single = [e for e in other.all("Appointment") if e["description"] == "Individual therapy"]
    assert {each["status"] for each in single} == {"proposed"}
    assert all(one.clinician in each["comment"] for each in single)
    assert not any(f"Patient/{one.id}" in str(each) for each in single)


def http_read(person: Planned, reference: str) -> Resource:
    answer = person.http.get(reference)
    assert answer.is_success, answer.text
    found: Resource = answer.json()
    return found


@pytest.mark.parametrize("status", ["revoked", "completed", "entered-in-error"])
def test_a_plan_that_is_over_has_no_session_to_come(person: Planned, status: str) -> None:
    plan = active(person)
    first = min(booked(person), key=begin)
    person.waits_for(first)
    attended = person.put(first | {"status": "fulfilled"})

    person.write(plan | {"status": status})
    person.pass_time()

    assert booked(person) == []
    assert person.read(attended) == attended
    # What was a mistake was never ordered by it: people say what becomes of that.
    ended = {"entered-in-error": "active"}.get(status, status)
    assert {each["status"] for each in person.all("ServiceRequest")} == {ended}


def test_an_order_that_changes_as_its_plan_ends_ends_too(person: Planned) -> None:
    plan = active(person)
    therapy = of_activity(person, "Group therapy")

    person.write(plan | {"status": "completed"})
    person.put(therapy | {"note": [{"text": "Changed at the same moment."}]})
    person.pass_time()

    assert {each["status"] for each in person.all("ServiceRequest")} == {"completed"}


@pytest.mark.parametrize(
    ("episode", "plan"), [("finished", "completed"), ("cancelled", "completed")]
)
def test_the_plan_ends_with_the_programme(person: Planned, episode: str, plan: str) -> None:
    made = active(person)
    assert person.episode is not None

    person.put(person.read(person.episode) | {"status": episode})
    person.pass_time()

    ended = person.read(made)
    assert ended["status"] == plan
    [said] = [e for e in person.told_of(made) if "plan-ends" in str(e["agent"])]
    assert said["entity"][0]["what"]["reference"].startswith("EpisodeOfCare/")
    assert {each["status"] for each in person.all("ServiceRequest")} == {plan}
    assert booked(person) == []


def test_people_join_the_cohort_with_their_plan_and_leave_it(http: httpx.Client) -> None:
    first, second = in_a_programme_of_their_own(http, 2)
    plan = active(first)
    active(second)
    asked = {"code": f"{code_system('programme')}|iop", "member": f"Patient/{first.id}"}
    [entry] = http.get("Group", params=asked).json()["entry"]
    group = entry["resource"]
    assert {first.reference["reference"], second.reference["reference"]} <= members(group)

    first.write(plan | {"status": "completed"})
    first.pass_time()

    assert members(first.read(group)) & {first.reference["reference"]} == set()
    assert second.reference["reference"] in members(first.read(group))


def in_a_programme_of_their_own(http: httpx.Client, number: int) -> list[Planned]:
    people = [Planned(http) for _ in range(number)]
    named = {"resourceType": "Organization", "name": "A programme", "id": f"o-{people[0].id}"}
    programme = people[0].put(named)
    reference = {"reference": f"Organization/{programme['id']}"}
    for each in people:
        assert each.episode is not None
        each.episode = each.put(each.episode | {"managingOrganization": reference})
    return people


def members(group: Resource) -> set[str]:
    return {each["entity"]["reference"] for each in group["member"]}


def test_a_draft_that_nobody_needs_any_more_is_revoked(person: Planned) -> None:
    draft = person.apply()
    assert person.episode is not None

    person.put(person.read(person.episode) | {"status": "cancelled"})
    person.pass_time()

    assert person.read(draft)["status"] == "revoked"
    assert {each["status"] for each in person.all("ServiceRequest")} == {"revoked"}


def test_the_plan_of_a_person_with_another_open_episode_goes_on(person: Planned) -> None:
    made = active(person)
    assert person.episode is not None
    person.put(person.episode | {"id": f"{person.episode['id']}-2"})

    person.put(person.read(person.episode) | {"status": "finished"})
    person.pass_time()

    assert person.read(made)["status"] == "active"


def test_sessions_are_booked_although_the_services_were_down(
    stack: Programs, person: Planned
) -> None:
    plan = person.apply()
    stack.kill("plan")
    stack.kill("intake")
    stack.start("intake")
    stack.start("plan")

    person.activate(plan)
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    person.pass_time()

    assert len(booked(person)) > 150
    assert len({each["start"] for each in booked(person)}) == len(booked(person))


def test_what_needs_a_service_that_is_down_is_done_later_and_once(
    stack: Programs, person: Planned
) -> None:
    subject = f"Patient/{person.id}"
    stack.kill("intake")
    refused = person.ask(f"{stack.plan}/PlanDefinition/iop-adult/$apply", subject=subject)
    stack.start("intake")

    assert refused.status_code == 503, refused.text
    assert not any(person.everything().values())
    plan = person.apply()
    person.sign(plan)
    stack.kill("intake")
    body = plan | {"status": "active"}
    headers = {"X-Stepdown-Actor": person.clinician}
    answer = person.http.put(f"{stack.plan}/CarePlan/{plan['id']}", json=body, headers=headers)
    assert answer.is_success, answer.text
    stack.start("intake")
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    assert {each["meta"]["versionId"] for each in person.all("ServiceRequest")} == {"2"}
