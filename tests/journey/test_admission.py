"""`EpisodeOfCare/$admit` and `$decline` over HTTP: a clinician decides on who waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import code_system
from tests.journey.candidate import (
    CLINICIAN,
    PROGRAMME,
    Candidate,
    diagnostics,
    outcome,
    parameters,
)
from tests.services.person import HIGH, MODERATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.programs import Programs
    from tests.services.person import Resource

OPERATIONS = ["$admit", "$decline"]
DECLINED = {"reason": "No interpreter for this language."}


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Candidate:
    return Candidate(http)


def decide(person: Candidate, operation: str, actor: str | None = CLINICIAN) -> httpx.Response:
    inputs = DECLINED if operation == "$decline" else {}
    return person.ask(f"EpisodeOfCare/{person.episode['id']}/{operation}", inputs, actor)


def signature(person: Candidate, resource: Resource) -> Resource:
    """What the clinician signed about a resource."""
    [said] = [
        each
        for each in person.told_of(resource)
        if each["agent"][0]["who"].get("reference") == CLINICIAN
    ]
    return said


def history(episode: Resource) -> list[tuple[str, bool]]:
    """The statuses that an episode has been through, each with whether it ended."""
    return [(each["status"], "end" in each["period"]) for each in episode["statusHistory"]]


def test_a_clinician_admits_who_is_recommended(person: Candidate) -> None:
    person.judge_all()

    answer = person.admit()

    episode = answer.json()
    assert (answer.status_code, episode["status"]) == (200, "active")
    assert episode == person.read(person.episode)
    assert history(episode) == [("planned", True), ("active", False)]
    planned, active = (each["period"] for each in episode["statusHistory"])
    assert planned == {"start": "2026-03-01", "end": active["start"]}
    assert episode["period"] == active
    assert person.read(person.task)["status"] == "accepted"
    assert person.read(person.referral)["status"] == "active"


def test_an_admission_is_signed_and_names_the_level_of_care(person: Candidate) -> None:
    person.judge_all(CAP_GROUP=False)
    person.admit()

    said = signature(person, person.episode)
    [guidance] = person.found("GuidanceResponse")
    assert outcome(guidance) == "recommend-iop-with-conditions"
    assert {each["reference"] for each in said["target"]} == {
        f"EpisodeOfCare/{person.episode['id']}",
        f"Task/{person.task['id']}",
    }
    version = f"GuidanceResponse/{guidance['id']}/_history/1"
    assert [each["what"]["reference"] for each in said["entity"]] == [version]
    assert "reason" not in said


def test_who_a_hospital_told_of_long_ago_is_admitted(person: Candidate, shared_data: Path) -> None:
    folder = shared_data / "davinci-alerts"
    message = (folder / "discharge-notification-message-bundle-01.json").read_bytes()
    headers = {"Content-Type": "application/fhir+json"}
    answer = person.http.post("$process-message", content=message, headers=headers)
    assert answer.is_success, answer.text
    tasks = person.http.get("Task", params={"code": f"{code_system('clock')}|follow-up-7d"}).json()
    [clock] = [each["resource"] for each in tasks["entry"]]
    person.id = clock["for"]["reference"].removeprefix("Patient/")
    [person.episode] = person.found("EpisodeOfCare")

    found = {each["code"]: each for each in parameters(person.level_of_care(), "criterion")}
    person.judge_all()
    episode = person.admit().json()

    assert found["IND-STEPDOWN"]["value"] == "true"
    assert found["IND-STEPDOWN"]["basis"] == "referral-from-inpatient-stay"
    assert history(episode) == [("planned", True), ("active", False)]
    [task] = person.found("Task", code=f"{code_system('task')}|referral")
    assert task["status"] == "accepted"


def test_who_is_on_the_waitlist_is_admitted(http: httpx.Client) -> None:
    person = Candidate(http, "waitlist")
    person.judge_all()

    assert history(person.admit().json()) == [("waitlist", True), ("active", False)]


def test_who_is_in_the_programme_is_not_admitted_once_more(person: Candidate) -> None:
    first = person.episode
    second = person.put(first | {"id": f"{first['id']}-2"})
    person.judge_all()
    assert person.admit().status_code == 200

    person.episode = second
    answer = person.admit()
    assert answer.status_code == 409
    assert f"EpisodeOfCare/{first['id']}" in diagnostics(answer)
    assert person.read(second)["status"] == "planned"

    person.put(person.read(first) | {"status": "finished"})
    assert person.admit().status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"EXC_24H": True}, "EXC-24H is true by Observation/"),
        ({"EXC_IMMINENT": None}, "EXC-IMMINENT is unknown by Observation/"),
    ],
)
def test_an_exclusion_or_unknown_safety_blocks_whatever_the_reason(
    person: Candidate, changes: dict[str, bool | None], expected: str
) -> None:
    judged = person.judge_all(**changes)
    before = person.everything()

    answer = person.admit(reason="I know this person.")

    assert answer.status_code == 409
    assert expected in diagnostics(answer)
    [criterion] = changes
    cited = judged[criterion.replace("_", "-")]
    assert f"Observation/{cited['id']}/_history/1" in diagnostics(answer)
    assert person.everything() == before


def test_all_that_blocks_is_named_at_once(person: Candidate) -> None:
    person.judge_all(EXC_DETOX=True, EXC_24H=True, EXC_IMMINENT=None)

    issues = person.admit().json()["issue"]

    named = [each["diagnostics"].split()[0] for each in issues]
    assert sorted(named) == ["EXC-24H", "EXC-DETOX", "EXC-IMMINENT"]


def test_a_high_suicide_risk_blocks_until_a_clinician_judges_anew(person: Candidate) -> None:
    person.judge_all()
    person.put(person.risk(HIGH, effectiveDateTime=person.now().isoformat(timespec="seconds")))
    flag = person.comes("Flag")

    refused = person.admit(reason="I know this person.")
    assert refused.status_code == 409
    assert f"EXC-IMMINENT is true by Flag/{flag['id']}/_history/" in diagnostics(refused)

    person.judge("EXC-IMMINENT", value=False)
    assert person.admit().json()["status"] == "active"


def test_a_moderate_suicide_risk_blocks_until_a_clinician_judges_it(person: Candidate) -> None:
    person.judge_all()
    person.put(person.risk(MODERATE, effectiveDateTime=person.now().isoformat(timespec="seconds")))

    refused = person.admit()
    assert refused.status_code == 409
    assert "EXC-IMMINENT is unknown" in diagnostics(refused)

    person.judge("EXC-IMMINENT", value=False)
    assert person.admit().status_code == 200


@pytest.mark.parametrize("changes", [{"EXC_DETOX": None}, {"CAP_GROUP": None}])
def test_what_is_not_recommended_needs_the_clinicians_reason(
    person: Candidate, changes: dict[str, bool | None]
) -> None:
    person.judge_all(**changes)
    before = person.everything()

    refused = person.admit()
    assert refused.status_code == 409
    [criterion] = changes
    assert "insufficient-information" in diagnostics(refused)
    assert criterion.replace("_", "-") in diagnostics(refused)
    assert "reason" in diagnostics(refused)
    assert person.everything() == before

    reason = "Seen today; the rest follows this week."
    assert person.admit(reason=reason).status_code == 200
    assert signature(person, person.episode)["reason"] == [{"text": reason}]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "actor", [None, "Patient/somebody", "Organization/clinic", "Practitioner/unknown"]
)
def test_only_a_clinician_known_here_decides(
    person: Candidate, operation: str, actor: str | None
) -> None:
    person.judge_all()
    before = person.everything()

    answer = decide(person, operation, actor)

    assert answer.status_code == 403
    assert "clinician" in diagnostics(answer)
    assert person.everything() == before


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("status", ["active", "onhold", "finished", "cancelled"])
def test_only_who_waits_is_decided_on(http: httpx.Client, operation: str, status: str) -> None:
    person = Candidate(http, status)

    answer = decide(person, operation)

    assert answer.status_code == 409
    assert f"is {status}; it must be planned or waitlist" in diagnostics(answer)
    assert person.read(person.episode) == person.episode


@pytest.mark.parametrize("operation", OPERATIONS)
def test_only_episodes_of_the_programme_are_decided_on(person: Candidate, operation: str) -> None:
    other = {name: value for name, value in person.episode.items() if name != "type"}
    person.put(other)

    answer = decide(person, operation)

    assert answer.status_code == 409
    assert "programme|iop" in diagnostics(answer)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_no_episode_cannot_be_decided_on(person: Candidate, operation: str) -> None:
    assert person.ask(f"EpisodeOfCare/nothing/{operation}", DECLINED).status_code == 404
    assert person.ask(f"Patient/{person.id}/{operation}", DECLINED).status_code == 404
    assert person.http.get(f"EpisodeOfCare/{person.episode['id']}/{operation}").status_code == 405
    person.delete(person.episode)
    assert decide(person, operation).status_code == 410


@pytest.mark.parametrize(
    ("operation", "inputs"),
    [
        ("$admit", {"reason": {"valueInteger": 1}}),
        ("$admit", {"because": "of this"}),
        ("$decline", {}),
        ("$decline", {"alternative": "Elsewhere."}),
        ("$decline", {**DECLINED, "reasonCode": {"valueString": "text"}}),
    ],
)
def test_malformed_inputs_are_refused(
    person: Candidate, operation: str, inputs: dict[str, Any]
) -> None:
    person.judge_all()
    before = person.everything()

    answer = person.ask(f"EpisodeOfCare/{person.episode['id']}/{operation}", inputs)

    assert answer.status_code == 400
    assert diagnostics(answer)
    assert person.everything() == before


def test_nobody_is_admitted_twice(person: Candidate) -> None:
    person.judge_all()

    with ThreadPoolExecutor(4) as pool:
        answers = [each.result() for each in [pool.submit(person.admit) for _ in range(4)]]

    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert person.read(person.episode)["meta"]["versionId"] == "2"
    signature(person, person.episode)


def test_a_clinician_declines_and_says_where_to_instead(person: Candidate) -> None:
    code = {"coding": [{"system": "https://clinic.example/reasons", "code": "language"}]}
    answer = person.decline(
        **DECLINED, reasonCode={"valueCodeableConcept": code}, alternative="The day clinic."
    )

    episode = answer.json()
    assert (answer.status_code, episode["status"]) == (200, "cancelled")
    assert history(episode) == [("planned", True), ("cancelled", False)]
    task, referral = person.read(person.task), person.read(person.referral)
    assert (task["status"], referral["status"]) == ("rejected", "revoked")
    assert task["statusReason"] == {**code, "text": DECLINED["reason"]}
    for told in (task, referral):
        assert [each["text"] for each in told["note"]] == ["Instead: The day clinic."]
    said = signature(person, person.episode)
    assert said["reason"] == [{"text": f"{DECLINED['reason']} (instead: The day clinic.)"}]
    assert {each["reference"].partition("/")[0] for each in said["target"]} == {
        "EpisodeOfCare",
        "ServiceRequest",
        "Task",
    }


def test_who_is_there_instead_is_named_to_the_referrer(person: Candidate) -> None:
    clinic = {"resourceType": "Organization", "id": f"o-{person.id}"[:60], "name": "Day clinic"}
    there = {"reference": f"Organization/{clinic['id']}"}
    instead = {"alternativeReference": {"valueReference": there}}
    refused = person.decline(**DECLINED, **instead)
    assert (refused.status_code, person.read(person.task)) == (422, person.task)

    person.put(clinic)
    assert person.decline(**DECLINED, **instead).status_code == 200
    [told] = person.read(person.task)["output"]
    assert told == {"type": {"text": "Instead"}, "valueReference": there}


def test_a_task_that_was_taken_up_is_cancelled_and_one_that_ended_stays(person: Candidate) -> None:
    taken = person.put(person.task | {"id": f"taken-{person.id}", "status": "in-progress"})
    ended = person.put(person.task | {"id": f"done-{person.id}", "status": "completed"})

    assert person.decline(**DECLINED).status_code == 200

    assert person.read(taken)["status"] == "cancelled"
    assert person.read(ended) == ended


def test_who_was_declined_can_be_planned_again_and_admitted(person: Candidate) -> None:
    person.judge_all()
    declined = person.decline(**DECLINED).json()
    person.put(declined | {"status": "planned"})

    assert person.admit().json()["status"] == "active"


def test_an_episode_without_a_referral_is_decided_on_by_itself(person: Candidate) -> None:
    alone = {name: value for name, value in person.episode.items() if name != "referralRequest"}
    person.put(alone)

    assert person.decline(**DECLINED).json()["status"] == "cancelled"
    assert person.read(person.task) == person.task


@pytest.mark.parametrize(
    ("actor", "expected"), [(CLINICIAN, 200), ("Patient/somebody", 403), (None, 403)]
)
def test_only_a_practitioner_makes_a_waiting_episode_active(
    person: Candidate, actor: str | None, expected: int
) -> None:
    person.judge_all()
    person.level_of_care()
    headers = {"X-Stepdown-Actor": actor} if actor else {}
    active = person.episode | {"status": "active"}

    answer = person.http.put(f"EpisodeOfCare/{active['id']}", json=active, headers=headers)

    assert answer.status_code == expected


def test_another_programme_admits_by_its_own_rules(person: Candidate) -> None:
    assert person.episode["type"] == [PROGRAMME]
    other = person.put(person.episode | {"id": f"o-{person.id}", "type": [{"text": "Housing"}]})

    assert person.put(other | {"status": "active"})["status"] == "active"
