"""Hospitals' notices over HTTP: each once, whatever their order, and all that follows at once."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import POLICY, code_system, profile
from tests.journey.hospital import Hospital, everything, versions
from tests.notices import ACT_CODE, EVENTS, PATIENT, changed
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.notices import Resource

NAMES = ("admit", "transfer", "discharge")
ORDERS = list(permutations(NAMES))


@pytest.fixture(scope="module")
def real(shared_data: Path) -> dict[str, Resource]:
    folder = shared_data / "davinci-alerts"
    texts = {n: (folder / f"{n}-notification-message-bundle-01.json").read_text() for n in NAMES}
    return {name: json.loads(text) for name, text in texts.items()}


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def hospital(http: httpx.Client) -> Hospital:
    return Hospital(http)


def of_notices(found: dict[str, Resource]) -> dict[str, Resource]:
    """Leave out what other policies say, which names versions."""

    def is_theirs(each: Resource) -> bool:
        names = [agent["who"].get("identifier", {}).get("value") for agent in each.get("agent", ())]
        return names not in (["inpatient-notice|1.0"], ["follow-up-windows|2.0"])

    return {
        reference: each
        for reference, each in found.items()
        if each["resourceType"] != "Provenance" or not is_theirs(each)
    }


@pytest.fixture(scope="module")
def first_outcome() -> dict[str, Resource]:
    return {}


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_real_messages_in_any_order_and_ten_times_end_in_the_same_resources(
    make_database: Callable[[], str],
    real: dict[str, Resource],
    first_outcome: dict[str, Resource],
    order: tuple[str, ...],
) -> None:
    with (
        Programs.all_in_one(make_database()) as programs,
        httpx.Client(base_url=programs.fhir, timeout=180, trust_env=False) as http,
    ):
        hospital = Hospital(http)
        answers = {name: hospital.send(real[name]) for name in order}
        hospital.pass_time()
        stand = versions(hospital)
        found = of_notices(everything(hospital))
        for name in [*order, *reversed(order)] * 5:
            assert hospital.send(real[name]) == answers[name]
        hospital.pass_time()

        assert versions(hospital) == stand
        assert of_notices(everything(hospital)) == found
    first_outcome.update(first_outcome or found)
    assert found == first_outcome


def test_the_discharge_of_2018_opens_its_clocks_overdue_and_escalates_nothing(
    hospital: Hospital, real: dict[str, Resource]
) -> None:
    hospital.send(real["discharge"])
    hospital.pass_time()

    [ssn] = [each for each in real_patient(real)["identifier"] if "us-ssn" in each["system"]]
    [patient] = hospital.found("Patient", identifier=f"{ssn['system']}|{ssn['value']}")
    tasks = hospital.found("Task", patient=f"Patient/{patient['id']}")
    clocks = {
        each["code"]["coding"][0]["code"]: each
        for each in tasks
        if each["code"]["coding"][0]["system"] == code_system("clock")
    }
    assert [each for each in tasks if "partOf" in each] == []
    assert clocks["follow-up-7d"]["restriction"]["period"] == {
        "start": "2018-10-24",
        "end": "2018-10-30",
    }
    assert clocks["follow-up-30d"]["restriction"]["period"]["end"] == "2018-11-22"
    assert {each["businessStatus"]["text"] for each in clocks.values()} == {"overdue"}
    assert {each["status"] for each in clocks.values()} == {"requested"}


def real_patient(real: dict[str, Resource]) -> Resource:
    [found] = [
        entry["resource"]
        for entry in real["discharge"]["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    ]
    told: Resource = found
    return told


def test_a_discharge_of_today_opens_the_referral_the_episode_and_running_clocks(
    hospital: Hospital,
) -> None:
    message = hospital.discharged()
    hospital.send(message)
    hospital.pass_time()

    [request] = hospital.of_person("ServiceRequest")
    [episode] = hospital.of_person("EpisodeOfCare")
    [task] = hospital.tasks("referral")
    stay = hospital.stay()
    assert (request["status"], request["intent"]) == ("active", "order")
    assert request["code"]["coding"] == [{"system": code_system("programme"), "code": "iop"}]
    assert request["encounter"] == {"reference": f"Encounter/{stay['id']}"}
    assert request["requester"]["reference"].startswith("Organization/")
    assert (task["status"], task["focus"]) == (
        "requested",
        {"reference": f"ServiceRequest/{request['id']}"},
    )
    assert (episode["status"], episode["type"][0]) == ("planned", request["code"])
    assert episode["type"][1]["coding"] == [{"system": code_system("route"), "code": "step-down"}]
    assert episode["referralRequest"] == [task["focus"]]
    assert [each["status"] for each in episode["statusHistory"]] == ["planned"]
    for code in ("follow-up-7d", "follow-up-30d"):
        [clock] = hospital.tasks(code)
        assert (clock["status"], clock["intent"]) == ("requested", "order")
        assert clock["focus"] == request["encounter"]
        assert "businessStatus" not in clock
    [clock] = hospital.tasks("follow-up-7d")
    assert task["restriction"]["period"]["end"] == clock["restriction"]["period"]["end"]
    assert profile("stepdown-encounter") in stay["meta"]["profile"]


def test_the_message_is_stored_as_received_and_says_what_followed_from_it(
    hospital: Hospital,
) -> None:
    message = hospital.discharged()
    told = hospital.send(message)

    header = told["entry"][0]["resource"]
    assert header["response"] == {"identifier": message["entry"][0]["resource"]["id"], "code": "ok"}
    theirs = {"system": POLICY, "value": "inpatient-notice|1.0"}
    [said] = [
        each
        for each in hospital.found("Provenance", target=hospital.patient)
        if each["agent"][0]["who"]["identifier"] == theirs
    ]
    source = said["entity"][0]["what"]["reference"]
    stored = hospital.http.get(source).json()
    meta = stored.pop("meta")
    assert meta["versionId"] == "1"
    assert {k: v for k, v in stored.items() if k != "id"} == message
    targets = {each["reference"].partition("/")[0] for each in said["target"]}
    assert targets == {
        *("Patient", "Encounter", "Organization", "Practitioner", "Condition", "Coverage"),
        *("ServiceRequest", "Task", "EpisodeOfCare"),
    }


def test_admissions_and_transfers_open_nothing(hospital: Hospital) -> None:
    hospital.send(hospital.notice("admit"))
    hospital.send(hospital.notice("transfer"))

    assert hospital.stay()["status"] == "in-progress"
    assert [hospital.of_person(each) for each in ("ServiceRequest", "EpisodeOfCare", "Task")] == [
        [],
        [],
        [],
    ]
    hospital.send(hospital.discharged())
    assert hospital.stay()["status"] == "finished"
    assert len(hospital.of_person("EpisodeOfCare")) == 1


def test_a_late_notice_fills_gaps_of_the_stay_and_leaves_what_people_have_taken_up(
    hospital: Hospital,
) -> None:
    late = hospital.notice("admit", Encounter={"priority": {"text": "urgent"}})
    hospital.send(hospital.discharged())
    [task] = hospital.tasks("referral")
    [episode] = hospital.of_person("EpisodeOfCare")
    who = hospital.put({"resourceType": "Practitioner", "id": f"who-{hospital.person}"})
    taken_up = [
        hospital.put(task | {"status": "accepted"}, f"Practitioner/{who['id']}"),
        hospital.put(episode | {"status": "waitlist"}),
    ]

    hospital.send(late)
    corrected = {"period": {"start": "2026-02-01T00:00:00Z", "end": "2026-02-20T12:00:00Z"}}
    hospital.send(hospital.notice("discharge", message=f"c-{hospital.person}", Encounter=corrected))

    stay = hospital.stay()
    assert (stay["status"], stay["priority"]) == ("finished", {"text": "urgent"})
    assert stay["period"] == corrected["period"]
    assert [hospital.read(each) for each in taken_up] == taken_up
    # Nobody has touched the clocks, which follow the corrected end.
    [clock] = hospital.tasks("follow-up-7d")
    assert clock["restriction"]["period"] == {"start": "2026-02-21", "end": "2026-02-27"}


def test_what_people_have_added_to_a_stay_remains(hospital: Hospital) -> None:
    hospital.send(hospital.notice("admit"))
    hospital.put(hospital.stay() | {"reasonCode": [{"text": "theirs"}], "status": "arrived"})

    hospital.send(hospital.discharged())

    stay = hospital.stay()
    assert (stay["reasonCode"], stay["status"]) == ([{"text": "theirs"}], "finished")


def test_the_same_message_at_the_same_moment_is_kept_once(hospital: Hospital) -> None:
    message = hospital.discharged()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: hospital.send(message), range(16)))

    assert answers == [answers[0]] * 16
    found = [each for each in versions(hospital).items() if each[1] != "1"]
    assert len(hospital.patients()) == len(hospital.of_person("EpisodeOfCare")) == 1
    assert len(hospital.of_person("Task")) == 3
    assert not [reference for reference, _ in found if hospital.stay()["id"] in reference]


def test_all_notices_of_a_stay_at_the_same_moment_end_like_one_after_the_other(
    hospital: Hospital,
) -> None:
    messages = [
        hospital.notice("admit", Encounter={"priority": {"text": "urgent"}}),
        hospital.notice("transfer", Encounter={"type": [{"text": "ward"}]}),
        hospital.discharged(),
    ]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(hospital.send, messages * 3))

    stay = hospital.stay()
    assert len(hospital.patients()) == 1
    assert (stay["status"], stay["priority"]["text"]) == ("finished", "urgent")
    assert stay["type"] == [{"text": "ward"}]
    assert len(hospital.of_person("EpisodeOfCare")) == 1


def test_a_message_may_come_in_parameters(hospital: Hospital) -> None:
    message = hospital.discharged()
    whole = {
        "resourceType": "Parameters",
        "parameter": [{"name": "content", "resource": message}],
    }

    assert hospital.send(whole) == hospital.send(message)
    assert len(hospital.of_person("EpisodeOfCare")) == 1


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("type", {"type": "collection"}, "message"),
    ("timestamp", {"timestamp": None}, "timestamp"),
    ("event", {"MessageHeader": {"eventCoding": {"system": EVENTS, "code": "x"}}}, "notification-"),
    ("id", {"MessageHeader": {"id": None}}, "id"),
    ("focus", {"MessageHeader": {"focus": [{"reference": PATIENT}]}}, "Encounter"),
    ("subject", {"Encounter": {"subject": {"reference": "Patient/1"}}}, "Patient"),
    ("identifier", {"Patient": {"identifier": None}}, "identifier"),
    ("end", {"Encounter": {"period": {"start": "2026-03-01"}}}, "period.end"),
    ("status", {"Encounter": {"status": "over"}}, "status"),
    (
        "type of a reference",
        {"Coverage": {"payor": [{"reference": "Observation/1"}]}},
        "Observation",
    ),
]


@pytest.mark.parametrize(("_name", "changes", "told"), BAD, ids=[each[0] for each in BAD])
def test_a_message_that_is_no_notice_is_refused_and_leaves_nothing(
    hospital: Hospital, _name: str, changes: dict[str, Any], told: str
) -> None:
    message = hospital.discharged()
    before = versions(hospital)

    answer = hospital.http.post("$process-message", json=changed(message, **changes))

    [issue, *_] = answer.json()["issue"]
    assert answer.status_code == 422
    assert issue["expression"][0].startswith("Bundle.")
    assert told in issue["diagnostics"] + issue["expression"][0]
    assert versions(hospital) == before
    hospital.send(message)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"resourceType": "Patient"}, "content (Bundle)"),
        ({"resourceType": "Parameters"}, "content (Bundle)"),
        (
            {"resourceType": "Parameters", "parameter": [{"name": "x", "valueString": "y"}]},
            "content (Bundle)",
        ),
        (
            {"resourceType": "Parameters", "parameter": [{"name": "content", "valueString": "x"}]},
            "Bundle",
        ),
    ],
)
def test_what_is_no_message_is_refused(hospital: Hospital, body: Resource, told: str) -> None:
    before = versions(hospital)
    answer = hospital.http.post("$process-message", json=body)

    assert answer.status_code == 400
    assert told in answer.json()["issue"][0]["diagnostics"]
    assert hospital.http.get("$process-message").status_code == 405
    assert versions(hospital) == before


def test_a_reference_of_the_message_to_what_is_not_here_is_refused_whole(
    hospital: Hospital,
) -> None:
    base = str(hospital.http.base_url).rstrip("/")
    message = hospital.discharged()
    part_of = {"reference": f"{base}/Encounter/nowhere"}
    before = versions(hospital)

    answer = hospital.http.post(
        "$process-message", json=changed(message, Encounter={"partOf": part_of})
    )

    assert answer.status_code == 422
    [issue] = answer.json()["issue"]
    assert issue["code"] == "not-found"
    assert issue["expression"] == ["Bundle.entry[1].resource.partOf"]
    assert versions(hospital) == before


def test_a_notice_has_at_most_a_thousand_entries(hospital: Hospital) -> None:
    message = hospital.discharged()
    note = {"resourceType": "Basic", "code": {"text": "note"}}
    missing = 1_001 - len(message["entry"])
    others = [{"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": note} for _ in range(missing)]
    before = versions(hospital)

    answer = hospital.http.post(
        "$process-message", json=message | {"entry": [*message["entry"], *others]}
    )

    assert answer.status_code == 413
    assert versions(hospital) == before
    hospital.send(message | {"entry": [*message["entry"], *others[1:]]})


def test_an_emergency_visit_that_ends_is_kept_and_opens_nothing(hospital: Hospital) -> None:
    kind = {"class": {"system": ACT_CODE, "code": "EMER"}}
    hospital.send(hospital.notice("discharge", Encounter=kind))

    assert hospital.stay()["class"]["code"] == "EMER"
    assert hospital.of_person("EpisodeOfCare") == []
