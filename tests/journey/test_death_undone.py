"""A death that was told in error: what it had ended goes on, or is proposed again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.hospital import Hospital
from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.journey.participant import Participant
from tests.journey.planning import Planned
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


def of(person: Participant, **changes: object) -> Resource:
    return person.put({"resourceType": "Patient", "id": person.id, **changes})


def tasks(person: Participant, code: str) -> list[Resource]:
    return person.found("Task", code=f"{code_system('task')}|{code}")


def reviews(person: Participant) -> list[Resource]:
    return tasks(person, "correction-review")


def test_what_a_death_ended_goes_on_when_it_was_an_error(person: Participant) -> None:
    booked = person.session(person.now() + timedelta(days=3))
    message = person.put(
        {
            "resourceType": "CommunicationRequest",
            "id": f"c-{person.id}",
            "status": "on-hold",
            "subject": person.reference,
        }
    )
    settled(person)
    of(person, deceasedBoolean=True)
    settled(person)
    assert person.read(person.episode)["status"] == "finished"
    assert {each["status"] for each in person.measures()} == {"cancelled"}
    assert person.read(booked)["status"] == "cancelled"
    assert person.read(message)["status"] == "revoked"

    undone = of(person)
    settled(person)
    episode = person.read(person.episode)
    assert (episode["status"], "end" in episode.get("period", {})) == ("active", False)
    assert [each["status"] for each in episode["statusHistory"]][-2:] == ["finished", "active"]
    assert {each["status"] for each in person.measures()} == {"requested"}
    assert (person.read(booked)["status"], person.read(message)["status"]) == (
        "booked",
        "on-hold",
    )
    assert versioned(undone) in sources(person, episode)
    [review] = reviews(person)
    assert review["focus"] == {"reference": f"EpisodeOfCare/{episode['id']}"}

    of(person, active=True)
    settled(person)
    assert (person.read(episode), reviews(person)) == (episode, [review])


def test_what_a_death_ended_goes_on_however_often_it_is_told_in_error(
    person: Participant,
) -> None:
    for _ in range(2):
        for told, expected in (({"deceasedBoolean": True}, "finished"), ({}, "active")):
            of(person, **told)
            settled(person)
            assert person.read(person.episode)["status"] == expected
        assert [each["status"] for each in reviews(person)] == ["requested"]


def test_what_people_had_ended_stays_ended(person: Participant) -> None:
    person.becomes("finished")
    settled(person)
    of(person, deceasedBoolean=True)
    settled(person)
    of(person)
    settled(person)

    assert person.read(person.episode)["status"] == "finished"
    assert reviews(person) == []


def planned(http: httpx.Client) -> tuple[Planned, Resource]:
    """Somebody with a short plan in force and their sessions booked."""
    person = Planned(http)
    plan = person.apply(practitioner=person.clinician)
    last_day = date.fromisoformat(plan["period"]["start"]) + timedelta(days=9)
    plan = person.put(plan | {"period": plan["period"] | {"end": last_day.isoformat()}})
    plan = person.activate(plan)
    settled(person)
    return person, plan


def cohorts(person: Planned) -> list[str]:
    found = person.http.get("Group", params={"member": f"Patient/{person.id}"}).json()
    return [each["resource"]["id"] for each in found.get("entry", ())]


def standing(person: Planned) -> dict[str, object]:
    """What a plan comes to: its own status, and those of all that follows it."""
    open_tasks = (each for each in person.all("Task") if each["status"] == "requested")
    return {
        "plan": [each["status"] for each in person.all("CarePlan")],
        "orders": sorted(each["status"] for each in person.all("ServiceRequest")),
        "booked": {each["id"] for each in person.all("Appointment", status="booked")},
        "cohorts": cohorts(person),
        "asked": sorted(
            each["code"]["coding"][0]["code"]
            for each in open_tasks
            if each["code"]["coding"][0]["code"] != "correction-review"
        ),
    }


def test_a_plan_and_its_sessions_go_on_with_the_programme(http: httpx.Client) -> None:
    person, plan = planned(http)
    before = standing(person)
    assert before["plan"] == ["active"]

    person.put({"resourceType": "Patient", "id": person.id, "deceasedBoolean": True})
    settled(person)
    ended = standing(person)
    assert (ended["plan"], ended["booked"], ended["asked"]) == (["completed"], set(), [])

    undone = person.put({"resourceType": "Patient", "id": person.id})
    settled(person)
    assert standing(person) == before
    assert versioned(undone) in sources(person, plan)

    assert person.episode is not None
    person.put(person.read(person.episode) | {"status": "cancelled"})
    settled(person)
    person.put({"resourceType": "Patient", "id": person.id, "active": True})
    settled(person)
    assert standing(person)["plan"] == ["completed"]


def test_a_time_that_somebody_else_has_by_now_is_to_be_found_anew(http: httpx.Client) -> None:
    person, plan = planned(http)
    tomorrow = person.now() + timedelta(days=1)
    own = next(
        each
        for each in person.all("Appointment", status="booked")
        if "identifier" not in each and datetime.fromisoformat(each["start"]) > tomorrow
    )
    leader = next(
        each["actor"]
        for each in own["participant"]
        if each["actor"]["reference"].startswith("Practitioner/")
    )
    person.put({"resourceType": "Patient", "id": person.id, "deceasedBoolean": True})
    settled(person)
    taken = {name: own[name] for name in ("resourceType", "status", "start", "end")}
    person.put(
        taken
        | {"id": f"other-{person.id}", "participant": [{"actor": leader, "status": "accepted"}]}
    )

    person.put({"resourceType": "Patient", "id": person.id})
    settled(person)
    again = person.read(own)
    assert again["status"] == "proposed"
    assert leader["reference"] in again["comment"]
    assert person.read(plan)["status"] == "active"


def test_a_death_is_that_of_the_person_under_each_of_their_patients(http: httpx.Client) -> None:
    person, plan = planned(http)
    other = Person(http, in_care=False)
    before = standing(person)

    merged(other, person)
    link = [{"other": person.reference, "type": "replaced-by"}]
    told = {"resourceType": "Patient", "id": other.id, "active": False, "link": link}
    other.put(told | {"deceasedBoolean": True})
    settled(person)
    assert standing(person)["plan"] == ["completed"]

    undone = parted(other)
    settled(person)
    assert standing(person) == before
    assert versioned(undone) in sources(person, plan)


def ended_by_death(person: Person, **changes: object) -> Resource:
    system = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
    left = {"dischargeDisposition": {"coding": [{"system": system, "code": "exp"}]}}
    return person.put(person.stay(hospitalization=left) | changes)


def is_dead(person: Person) -> bool:
    told = person.read({"resourceType": "Patient", "id": person.id})
    return any(name.startswith("deceased") for name in told)


def test_a_stay_that_was_somebody_elses_tells_of_their_death_instead(
    person: Participant,
) -> None:
    other = Participant(person.http)
    told = ended_by_death(person)
    settled(person)
    assert (is_dead(person), is_dead(other)) == (True, False)
    assert person.read(person.episode)["status"] == "finished"

    moved = person.put(told | {"subject": other.reference})
    settled(person)
    assert (is_dead(person), is_dead(other)) == (False, True)
    alive = {"resourceType": "Patient", "id": person.id}
    assert versioned(moved) in sources(person, alive)
    assert person.read(person.episode)["status"] == "active"
    assert person.read(other.episode)["status"] == "finished"


def test_a_stay_that_was_a_mistake_tells_of_no_death_however_often_it_is_written(
    person: Participant,
) -> None:
    told = ended_by_death(person, status="entered-in-error")
    settled(person)
    assert not is_dead(person)

    for changes in ({"status": "finished"}, {}, {"language": "en"}):
        person.put(told | changes)
        settled(person)
        assert is_dead(person) is ("status" in changes)
    assert person.read(person.episode)["status"] == "active"


def death(person: Person) -> object:
    """When a person died, as their Patient says; None where it does not."""
    told = person.read({"resourceType": "Patient", "id": person.id})
    return told.get("deceasedDateTime", told.get("deceasedBoolean"))


def test_a_death_follows_the_end_of_the_stay_that_told_of_it(person: Participant) -> None:
    told = ended_by_death(person)
    settled(person)
    assert death(person) == "2026-03-01"

    since = {"start": "2026-02-10"}
    for period, expected in (
        (since | {"end": "2026-02-28T23:10:00-05:00"}, "2026-02-28T23:10:00-05:00"),
        (since, True),
        (since | {"end": "2026-03-02"}, "2026-03-02"),
    ):
        corrected = person.put(told | {"period": period})
        settled(person)
        assert death(person) == expected
        patient = {"resourceType": "Patient", "id": person.id}
        assert versioned(corrected) in sources(person, patient)
    assert person.read(person.episode)["status"] == "finished"


def test_a_time_of_death_that_somebody_else_told_stays(person: Participant) -> None:
    told = ended_by_death(person)
    settled(person)
    of(person, deceasedDateTime="2026-02-27")
    for changes in ({"period": {"end": "2026-03-02"}}, {"status": "entered-in-error"}):
        person.put(told | changes)
        settled(person)
        assert death(person) == "2026-02-27"


def test_a_death_stays_that_another_stay_tells_of(person: Participant) -> None:
    first = ended_by_death(person)
    second = ended_by_death(
        person,
        id=f"unit-{person.id}",
        period={"start": "2026-02-20", "end": "2026-03-01T04:00:00Z"},
    )
    settled(person)
    person.put(first | {"status": "entered-in-error"})
    settled(person)
    assert death(person) == "2026-03-01T04:00:00Z"
    assert person.read(person.episode)["status"] == "finished"

    person.put(second | {"status": "entered-in-error"})
    settled(person)
    assert death(person) is None
    assert person.read(person.episode)["status"] == "active"


def test_a_stay_tells_of_a_death_although_the_patient_was_said_to_be_alive(
    person: Participant,
) -> None:
    of(person, deceasedBoolean=False)
    told = ended_by_death(person)
    settled(person)
    assert death(person) == "2026-03-01"
    assert person.read(person.episode)["status"] == "finished"

    of(person, deceasedBoolean=False)
    person.put(told | {"language": "en"})
    settled(person)
    assert death(person) is False
    assert person.read(person.episode)["status"] == "active"


def test_who_waits_for_the_programme_waits_again_after_a_death_that_was_an_error(
    http: httpx.Client,
) -> None:
    hospital = Hospital(http)
    hospital.send(hospital.discharged())
    hospital.pass_time()
    [patient], [planned] = hospital.patients(), hospital.of_person("EpisodeOfCare")
    kinds = ("referral", "follow-up-7d", "follow-up-30d")
    statuses = []
    for told in ({"deceasedBoolean": True}, {}):
        hospital.put(patient | told)
        for _ in range(3):
            hospital.pass_time()
        asked = [each["status"] for kind in kinds for each in hospital.tasks(kind)]
        prepared = [
            each["status"]
            for kind in ("EpisodeOfCare", "CarePlan", "Appointment")
            for each in hospital.of_person(kind)
        ]
        statuses.append((prepared, asked))
    assert planned["status"] == "planned"
    assert statuses == [
        (["cancelled", "revoked", "cancelled"], ["cancelled"] * 3),
        (["planned", "draft", "proposed"], ["requested"] * 3),
    ]


def test_who_waits_for_a_place_keeps_it_after_a_death_that_was_an_error(
    http: httpx.Client,
) -> None:
    person = Participant(http, "waitlist")
    settled(person)
    before = tasks(person, "waitlist")
    assert [each["status"] for each in before] == ["requested"]

    of(person, deceasedBoolean=True)
    settled(person)
    assert person.read(person.episode)["status"] == "cancelled"
    of(person)
    settled(person)
    assert person.read(person.episode)["status"] == "waitlist"
    after = tasks(person, "waitlist")
    assert [(each["id"], each["status"]) for each in after] == [(before[0]["id"], "requested")]
    person.leaves()


def test_the_plan_of_the_aftercare_is_a_draft_again_as_long_as_the_programme_goes_on(
    http: httpx.Client,
) -> None:
    person = Planned(http)
    clinic = {"resourceType": "Organization", "id": f"clinic-{person.id}", "name": "Clinic"}
    person.put(clinic)
    assert person.episode is not None
    recipient = {"reference": f"Organization/{clinic['id']}"}
    asked = [{"name": "recipient", "valueReference": recipient}]
    answer = http.post(
        f"EpisodeOfCare/{person.episode['id']}/$handoff",
        json={"resourceType": "Parameters", "parameter": asked},
        headers={"X-Stepdown-Actor": person.clinician},
    )
    assert answer.is_success, answer.text
    statuses = []
    for told in ({}, {"deceasedBoolean": True}, {"active": True}):
        person.put({"resourceType": "Patient", "id": person.id, **told})
        settled(person)
        statuses.append([each["status"] for each in person.all("CarePlan")])
    assert statuses == [["draft"], ["revoked"], ["draft"]]
