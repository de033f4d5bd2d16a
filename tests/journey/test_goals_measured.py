"""The achievement of goals follows the scores, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import CANONICAL, POLICY, code_system
from shared.care.instruments.registry import instrument_of
from tests.journey.answering import PHQ_9, response
from tests.journey.merging import merged, parted, settled
from tests.journey.participant import Participant
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

WEEK = timedelta(days=7)


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
    person.pass_time()
    yield person
    person.leaves()


def scores(person: Participant, total: int) -> None:
    """Answer the PHQ-9 now, so that it comes to a total, and let all that follows happen."""
    counts = {code: min(3, max(0, total - 3 * at)) for at, code in enumerate(PHQ_9)}
    at = person.now().isoformat(timespec="milliseconds")
    person.put(response("phq-9", person.reference, at, counts))
    person.pass_time(WEEK)


def goal(person: Person, **changes: object) -> Resource:
    return person.put(
        {
            "resourceType": "Goal",
            "id": f"g-{person.id}",
            "lifecycleStatus": "active",
            "description": {"text": "PHQ-9 below 5"},
            "subject": person.reference,
            "target": [
                {
                    "measure": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
                    "detailQuantity": {"comparator": "<", "value": 5},
                }
            ],
            **changes,
        }
    )


def achieved(person: Participant, told: Resource) -> str | None:
    found: dict[str, Any] = person.read(told).get("achievementStatus", {})
    return next((each["code"] for each in found.get("coding", ())), None)


def test_a_goal_goes_from_worse_to_sustaining_and_each_step_is_told(person: Participant) -> None:
    wanted = goal(person)
    steps = []
    for total in (14, 21, 14, 7, 4, 3, 2, 1, 0):
        scores(person, total)
        steps.append(achieved(person, wanted))

    assert steps == [
        None,
        "worsening",
        "no-change",
        "improving",
        *["achieved"] * 4,
        "sustaining",
    ]
    said = [
        each
        for each in person.told_of(wanted)
        if each["agent"][0]["who"].get("identifier", {}).get("system") == POLICY
    ]
    assert len(said) == 5
    for each in said:
        named = each["agent"][0]["who"]["identifier"]["value"]
        assert named == "goals-follow-the-measures|1.3"
        for entity in each["entity"]:
            observation = person.http.get(entity["what"]["reference"]).json()
            assert observation["resourceType"] == "Observation"
    answer = person.http.get(f"Patient/{person.id}/$progress").json()
    [told] = [each["part"] for each in answer["parameter"] if each["name"] == "goal"]
    [shown] = [each for each in told if each["name"] == "achievement"]
    assert shown["valueCodeableConcept"]["text"] == "sustaining"


def score(person: Participant, total: int, days: int) -> None:
    """Store a total of the PHQ-9 that is not known to be asked like others, so is no change."""
    taken = person.now() + timedelta(days=days)
    person.put(
        {
            "resourceType": "Observation",
            "id": f"s{days}-{person.id}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
            "subject": person.reference,
            "effectiveDateTime": taken.isoformat(timespec="milliseconds"),
            "valueQuantity": {"value": total, "unit": "{score}"},
        }
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_target_that_is_met_no_more_is_not_achieved_in_any_order(
    person: Participant, order: tuple[int, int]
) -> None:
    wanted = goal(person)
    told = ((2, -9), (22, -2))
    for which in order:
        score(person, *told[which])
        person.pass_time()

    assert achieved(person, wanted) is None
    score(person, 3, -1)
    person.pass_time()
    assert achieved(person, wanted) == "achieved"


def test_what_people_have_judged_not_attainable_stays(person: Participant) -> None:
    coding = {
        "system": "http://terminology.hl7.org/CodeSystem/goal-achievement",
        "code": "not-attainable",
    }
    wanted = goal(person, achievementStatus={"coding": [coding]})
    scores(person, 3)

    assert achieved(person, wanted) == "not-attainable"


def use(person: Participant, days: int) -> None:
    """Answer the BAM-IOP now: alcohol on so many days, and let all that follows happen."""
    instrument = instrument_of(f"{CANONICAL}/Questionnaire/bam-iop")
    assert instrument is not None
    items = {each for score in instrument.scores for each in score.items}
    counts = dict.fromkeys(items, 0) | {"bam-iop-4": days}
    at = person.now().isoformat(timespec="milliseconds")
    person.put(response("bam-iop", person.reference, at, counts))
    person.pass_time(WEEK)


def test_a_goal_follows_the_bam_iop_in_the_programme_and_in_aftercare(person: Participant) -> None:
    measure = {"coding": [{"system": code_system("measure"), "code": "bam-iop-use"}]}
    target = {"measure": measure, "detailQuantity": {"comparator": "<=", "value": 0}}
    wanted = goal(person, target=[target])
    use(person, 2)
    assert achieved(person, wanted) == "in-progress"
    person.becomes("finished")
    use(person, 0)
    assert achieved(person, wanted) == "achieved"

    person.pass_time(26 * WEEK)
    use(person, 2)
    assert achieved(person, wanted) == "achieved"


def test_a_goal_of_a_programme_that_was_loaded_as_finished_is_left_alone(
    http: httpx.Client,
) -> None:
    person = Participant(http, "finished")
    wanted = goal(person)
    person.put(
        {
            "resourceType": "Observation",
            "id": f"o-{person.id}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
            "subject": person.reference,
            "effectiveDateTime": person.now().isoformat(timespec="milliseconds"),
            "valueQuantity": {"value": 3},
        }
    )
    person.pass_time()
    assert achieved(person, wanted) is None


def test_a_goal_follows_its_scores_when_they_are_withdrawn_or_somebody_else_s(
    http: httpx.Client, person: Participant
) -> None:
    other = Person(http)
    wanted = goal(person)
    scores(person, 14)
    scores(person, 3)
    assert achieved(person, wanted) == "achieved"
    [low] = [e for e in person.found("QuestionnaireResponse") if total(person, e) == 3]

    moved = person.put(low | {"subject": other.reference})
    settled(person)
    assert "outcomeReference" not in person.read(wanted)
    assert achieved(person, wanted) is None

    merged(other, person)
    settled(person)
    assert achieved(person, wanted) == "achieved"
    parted(other)
    settled(person)
    assert achieved(person, wanted) is None

    person.put(moved | {"subject": person.reference})
    settled(person)
    assert achieved(person, wanted) == "achieved"


def test_a_goal_that_is_told_after_its_scores_is_measured_by_them(person: Participant) -> None:
    scores(person, 3)
    wanted = goal(person)
    judged = goal(person, id=f"j-{person.id}", achievementStatus={"text": "as she says"})
    person.pass_time()

    assert achieved(person, wanted) == "achieved"
    assert person.read(judged)["achievementStatus"] == {"text": "as she says"}


def test_a_goal_whose_only_score_is_amended_says_no_more_than_the_score(
    person: Participant,
) -> None:
    wanted = goal(person)
    scores(person, 3)
    assert achieved(person, wanted) == "achieved"
    [told] = person.found("QuestionnaireResponse")
    for value, expected in ((14, None), (2, "achieved")):
        counts = {code: min(3, max(0, value - 3 * at)) for at, code in enumerate(PHQ_9)}
        items = response("phq-9", person.reference, told["authored"], counts)["item"]
        person.put(told | {"status": "amended", "item": items})
        settled(person)
        assert achieved(person, wanted) == expected


def total(person: Participant, response: Resource) -> int:
    about = {"derived-from": f"QuestionnaireResponse/{response['id']}", "code": "44261-6"}
    found = person.http.get("Observation", params=about).json()["entry"]
    return int(found[0]["resource"]["valueQuantity"]["value"])
