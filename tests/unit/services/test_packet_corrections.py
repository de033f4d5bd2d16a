"""What counts as a correction of what a packet tells, and what it tells after one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from services.progress_api.domain.handoff.amended import handoff_told, writing
from services.progress_api.domain.handoff.corrections import (
    as_corrected,
    is_correction,
    persons,
    with_facts_of,
)
from services.progress_api.domain.handoff.late import is_of_before
from tests.unit.services.test_handoff import READING, a_handoff, written

Resource = dict[str, Any]
SENT = datetime(2026, 5, 4, tzinfo=UTC)
AT_HANDOFF = replace(READING, now=SENT)
SCORE: Resource = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"text": "PHQ-9"},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-05-01",
    "valueQuantity": {"value": 18},
}
CONDITION: Resource = {
    "resourceType": "Condition",
    "id": "c",
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "code": {"text": "Depression"},
}
TAKEN: Resource = {
    "resourceType": "MedicationStatement",
    "id": "m",
    "status": "active",
    "effectivePeriod": {"start": "2026-04-01"},
}
STOPPED = {"status": "completed", "effectivePeriod": {"start": "2026-04-01", "end": "2026-05-06"}}
OTHER_END = {"effectivePeriod": {"start": "2026-04-01", "end": "2026-05-01"}}
WEEK = {
    "effectivePeriod": {"start": "2026-04-27", "end": "2026-05-05"},
}
COUNTED = {name: value for name, value in SCORE.items() if name != "effectiveDateTime"}
TO_COME: Resource = {
    "resourceType": "Appointment",
    "id": "a",
    "status": "booked",
    "start": "2026-05-07T09:00:00Z",
    "end": "2026-05-07T10:00:00Z",
}
ORDER: Resource = {
    "resourceType": "MedicationRequest",
    "id": "r",
    "status": "active",
    "dosageInstruction": [{"text": "500 mg"}],
}
VISIT: Resource = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "period": {"start": "2026-04-01", "end": "2026-04-03"},
}
EPISODE: Resource = {
    "resourceType": "EpisodeOfCare",
    "id": "eoc",
    "meta": {"versionId": "1"},
    "status": "active",
    "period": {"start": "2026-04-01"},
}
ENDED = {"start": "2026-04-01", "end": "2026-05-06"}
REFUTED = {"verificationStatus": {"coding": [{"code": "refuted"}]}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (SCORE, None, True),
        (SCORE, SCORE | {"status": "entered-in-error"}, True),
        (SCORE | {"status": "entered-in-error"}, SCORE, True),
        (SCORE, SCORE | {"status": "amended", "note": [{"text": "Late."}]}, True),
        (SCORE, SCORE | {"status": "amended"}, False),
        (SCORE, SCORE | {"valueQuantity": {"value": 8}}, True),
        (SCORE, SCORE | {"effectiveDateTime": "2026-04-30"}, True),
        (SCORE, SCORE | {"subject": {"reference": "Patient/p2"}}, True),
        (SCORE, SCORE | {"note": [{"text": "Seen."}]}, False),
        (SCORE | {"status": "preliminary"}, SCORE | {"valueQuantity": {"value": 8}}, False),
        (TAKEN, TAKEN | STOPPED, False),
        (TAKEN, TAKEN | {"effectivePeriod": {"start": "2026-03-01", "end": "2026-05-06"}}, True),
        (TAKEN | STOPPED, TAKEN | STOPPED | OTHER_END, True),
        (TAKEN | STOPPED, TAKEN, True),
        (TAKEN, TAKEN | {"effectiveDateTime": "2026-04-01"}, True),
        (SCORE, SCORE | {"meta": {"security": [{"code": "R"}]}}, True),
        (SCORE, SCORE | {"meta": {"tag": [{"code": "R"}]}}, False),
        (CONDITION, CONDITION | REFUTED, True),
        (CONDITION, CONDITION | {"code": {"text": "Anxiety"}}, True),
        (CONDITION, CONDITION | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}, False),
        (CONDITION, CONDITION | {"onsetDateTime": "2019"}, True),
        (ORDER, ORDER | {"dosageInstruction": [{"text": "50 mg"}]}, True),
        (ORDER, ORDER | {"status": "stopped"}, False),
        (ORDER | {"status": "draft"}, ORDER | {"dosageInstruction": [{"text": "50 mg"}]}, False),
        (VISIT, VISIT | {"period": {"start": "2026-04-02", "end": "2026-04-03"}}, True),
        (VISIT, VISIT | {"period": {"start": "2026-04-01", "end": "2026-04-04"}}, True),
        (VISIT, VISIT | {"reasonCode": [{"text": "Another"}]}, True),
        (VISIT | {"status": "in-progress"}, VISIT | {"reasonCode": [{"text": "Another"}]}, False),
        (VISIT | {"status": "in-progress"}, VISIT | {"period": {"start": "2026-04-02"}}, False),
        (EPISODE, EPISODE | {"status": "finished", "period": ENDED}, False),
        (EPISODE, EPISODE | {"period": {"start": "2026-04-02"}}, True),
        (EPISODE, EPISODE | {"managingOrganization": {"reference": "Organization/1"}}, True),
    ],
)
def test_a_fact_that_was_another_one_is_a_correction(
    before: Resource,
    after: Resource | None,
    expected: bool,  # noqa: FBT001
) -> None:
    assert is_correction(before, after) is expected


def told(*contents: Resource | None, first: int = 1) -> tuple[Resource | None, bool]:
    """Tell of versions, each a day after the one before; the first so long after the packet."""
    versions = [(SENT + timedelta(days=first + n), each) for n, each in enumerate(contents)]
    return as_corrected(versions, SENT, lambda each: is_of_before(each, AT_HANDOFF))


def test_an_episode_has_the_facts_of_now_and_the_course_of_then() -> None:
    ended = EPISODE | {"status": "finished", "period": ENDED, "meta": {"versionId": "2"}}
    assert with_facts_of(EPISODE, ended) == EPISODE

    right = ended | {"period": ENDED | {"start": "2026-04-02"}}
    begun = {"period": {"start": "2026-04-02"}, "meta": {"versionId": "2"}}
    assert with_facts_of(EPISODE, right) == EPISODE | begun

    label = {"versionId": "2", "security": [{"code": "R"}]}
    assert with_facts_of(EPISODE, ended | {"meta": label}) == EPISODE | {"meta": label}


def test_what_only_went_on_is_told_as_it_stood() -> None:
    seen = SCORE | {"note": [{"text": "Seen."}]}

    assert told(SCORE, first=-1) == (SCORE, False)
    assert told(SCORE, first=0) == (SCORE, False)
    assert told(SCORE, seen, first=0) == (SCORE, False)


def test_a_week_that_was_over_is_told_as_it_is_counted_anew() -> None:
    open_week = COUNTED | {"status": "preliminary"}
    over = open_week | {"effectivePeriod": {"start": "2026-04-27", "end": "2026-05-03"}}
    for week, expected in ((over, 8), (open_week | WEEK, 18)):
        anew = week | {"valueQuantity": {"value": 8}}
        found, _ = told(week, anew, anew | {"status": "final"}, first=0)
        assert found is not None
        assert found["valueQuantity"]["value"] == expected


def test_what_is_told_late_is_told_where_it_is_of_the_time_before() -> None:
    seen = SCORE | {"note": [{"text": "Seen."}]}
    wrong, since = (SCORE | {"effectiveDateTime": day} for day in ("2026-05-05", "2026-05-06"))

    assert told(SCORE) == told(SCORE, seen) == told(None, SCORE) == (SCORE, True)
    assert told(SCORE, None, SCORE, first=-1) == told(wrong, SCORE) == (SCORE, True)
    assert told(since) == told(wrong, since) == told(SCORE, since) == (None, False)
    assert told(None) == told() == (None, False)


@pytest.mark.parametrize(
    ("told_late", "expected"),
    [
        (SCORE, True),
        (SCORE | {"effectiveDateTime": "2026-05-05"}, False),
        (COUNTED | WEEK, False),
        (TAKEN, True),
        (TAKEN | {"effectivePeriod": {"start": "2026-04-01", "end": "2026-06-01"}}, True),
        (CONDITION, True),
        (CONDITION | {"recordedDate": "2026-05-05"}, False),
        (CONDITION | {"recordedDate": "2026-05-05", "onsetDateTime": "2019"}, True),
        (CONDITION | {"onsetPeriod": {"start": "2026-05-05"}}, False),
        (CONDITION | {"onsetString": "in her youth"}, True),
        (TO_COME, False),
        (TO_COME | {"created": "2026-05-05"}, False),
        (TO_COME | {"created": "2026-04-30"}, True),
        (TO_COME | {"start": "2026-05-02T09:00:00Z", "end": "2026-05-02T10:00:00Z"}, True),
    ],
)
def test_a_fact_goes_by_its_own_time_and_what_is_planned_by_when_it_was(
    told_late: Resource,
    expected: bool,  # noqa: FBT001
) -> None:
    assert is_of_before(told_late, AT_HANDOFF) is expected


def test_what_went_on_after_a_correction_is_not_told() -> None:
    right = ORDER | {"dosageInstruction": [{"text": "50 mg"}]}
    stopped = {"status": "stopped"}

    assert told(ORDER, right, right | stopped, first=0) == (right, True)
    assert told(ORDER, ORDER | stopped, first=0) == (ORDER, False)
    assert told(ORDER, ORDER | stopped, right | stopped, first=0) == (right | stopped, True)
    assert told(ORDER, None, ORDER, ORDER | stopped, first=0) == (ORDER, True)


def test_answers_that_are_still_being_given_tell_nothing() -> None:
    given: Resource = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "status": "completed",
        "authored": "2026-05-01",
    }
    begun = given | {"status": "in-progress"}

    assert told(begun, given, first=0) == told(begun, given) == (given, True)
    assert told(given, begun, first=0) == (None, True)
    assert told(begun, begun, first=0) == (None, False)
    assert told(begun, given | {"authored": "2026-05-06"}, first=0) == (None, False)


def test_what_was_corrected_is_told_as_it_is_now_in_whatever_order() -> None:
    wrong = SCORE | {"valueQuantity": {"value": 8}}
    seen = SCORE | {"note": [{"text": "Seen."}]}
    last = SCORE | {"valueQuantity": {"value": 9}}
    for between in permutations([wrong, seen, SCORE | {"status": "entered-in-error"}]):
        assert told(SCORE, *between, last, first=0) == (last, True)
        assert told(SCORE, *between, last) == (last, True)
    assert told(SCORE, None, first=0) == (None, True)


@pytest.mark.parametrize(
    "about",
    [
        {"resourceType": "Observation", "subject": {"reference": "Patient/p1/_history/2"}},
        {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/p1"}},
        {
            "resourceType": "Appointment",
            "participant": [
                {"actor": {"reference": "Practitioner/here"}},
                {"actor": {"reference": "http://here.example.org/fhir/Patient/p1"}},
            ],
        },
    ],
)
def test_a_correction_concerns_whom_it_was_told_of(about: Resource) -> None:
    bases = ("http://here.example.org/fhir",)
    mistaken = {"resourceType": about["resourceType"], "status": "entered-in-error"}
    assert persons((about, mistaken), bases) == persons((about, None), bases) == ["p1"]
    assert persons((mistaken, mistaken), bases) == []


@pytest.mark.parametrize("reason", [None, "She moves to another town."])
def test_a_handoff_is_told_by_its_task_and_its_document(reason: str | None) -> None:
    handoff = a_handoff(reason)
    document, asked = written(reason=reason)
    resources = (each["resource"] for each in asked["entry"] if "resource" in each)
    [task] = [e for e in resources if e.get("id") == handoff.id_of("task")]
    # Whoever takes the referral up may write the Task without what it need not have.
    bare = {name: value for name, value in task.items() if name != "authoredOn"}
    assert handoff_told(task, handoff.episode, document, READING.zone) == handoff
    assert handoff_told(bare, handoff.episode, document, READING.zone) == handoff
    assert handoff_told(task, handoff.episode | {"id": "e2"}, document, READING.zone) is None


def test_packet_and_plan_are_written_each_by_itself() -> None:
    told = [
        writing({"resourceType": kind, "id": "x"}, 3, ["Observation/o/_history/2"], "2026-05-05")
        for kind in ("Bundle", "CarePlan")
    ]

    for kind, bundle in zip(("Bundle", "CarePlan"), told, strict=True):
        over, beside = bundle["entry"]
        assert over["request"] == {"method": "PUT", "url": f"{kind}/x", "ifMatch": 'W/"3"'}
        assert beside["resource"]["target"] == [{"reference": f"{kind}/x"}]
    assert len({each["fullUrl"] for bundle in told for each in bundle["entry"]}) == 4
