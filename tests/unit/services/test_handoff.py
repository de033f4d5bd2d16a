"""A handoff's document and referral, built of whatever the record holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.domain.handoff import document as documents
from services.progress_api.domain.handoff import facts
from services.progress_api.domain.handoff.composition import composition
from services.progress_api.domain.handoff.handoff import Handoff
from services.progress_api.domain.handoff.policy import CLOCKS, SECTIONS
from services.progress_api.domain.handoff.record import TYPES, Record, last_of
from services.progress_api.domain.handoff.referral import service_request, transaction
from shared.care.canonical import code_system
from shared.fhir.references import Links
from shared.fhir.search.reading import Reading
from shared.fhir.validation import validate

NOW = datetime(2026, 5, 4, 2, 30, tzinfo=UTC)
ADMITTED = NOW - timedelta(days=60)
BASE = "http://127.0.0.1:8000/fhir"
READING = Reading(ZoneInfo("America/New_York"), (BASE,), NOW)
SUBJECT = {"subject": {"reference": "Patient/p1"}}
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


def a_handoff(reason: str | None = None, number: int = 1) -> Handoff:
    episode = {"resourceType": "EpisodeOfCare", "id": "e1", "meta": {"versionId": "3"}}
    return Handoff(
        episode | {"patient": {"reference": "Patient/p1"}, "status": "active"},
        "p1",
        "Practitioner/here",
        "Organization/clinic",
        reason=reason,
        number=number,
        now=NOW,
        zone=READING.zone,
    )


def a_record(*resources: dict[str, Any]) -> Record:
    by_type = {name: [e for e in resources if e["resourceType"] == name] for name in TYPES}
    return Record(by_type, ADMITTED, READING)


def an_observation(name: str, category: str, days: float = 1, **changes: object) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "category": [{"coding": [{"code": category}]}],
        "code": {"text": changes.pop("text", name)},
        "effectiveDateTime": (NOW - timedelta(days=days)).isoformat(),
        **SUBJECT,
        **changes,
    }


def clinical(resource_type: str, name: str, state: str, **changes: object) -> dict[str, Any]:
    return {
        "resourceType": resource_type,
        "id": name,
        "clinicalStatus": {"coding": [{"code": state}]},
        "code": {"text": name},
        **changes,
    }


def shown(record: Record, code: str) -> list[str]:
    section = next(each for each in SECTIONS if each.code == code)
    return [each["id"] for each in record.shown(section)]


def written(
    *resources: dict[str, Any], reason: str | None = None, number: int = 1
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document of a handoff and the transaction that it is part of."""
    handoff, record = a_handoff(reason, number), a_record(*resources)
    referral = service_request(handoff, record.current("Condition"), ())
    told = composition(handoff, record, referral, ())
    patient = {"resourceType": "Patient", "id": "p1"}
    others = [patient, handoff.episode, referral, *resources]
    whole = documents.document(handoff, told, others, READING)
    return whole, transaction(handoff, [whole], referral, last_visit=None, lapsed=())


@pytest.mark.parametrize(
    ("code", "resources", "expected"),
    [
        (
            "behavioral-health-summary",
            [
                an_observation("late", "survey", 1),
                an_observation("early", "survey", 70),
                an_observation("hours", "activity", 8),
                an_observation("ancient", "survey", 400),
                an_observation("mistaken", "survey", 1, status="entered-in-error"),
                an_observation("weight", "vital-signs", 1),
            ],
            ["early", "hours", "late"],
        ),
        (
            "8716-3",
            [
                an_observation("w1", "vital-signs", 300, text="Weight"),
                an_observation("w2", "vital-signs", 200, text="Weight"),
                an_observation("pulse", "vital-signs", 900),
            ],
            ["pulse", "w2"],
        ),
        (
            "11450-4",
            [
                clinical("Condition", "now", "active"),
                clinical("Condition", "again", "relapse"),
                clinical("Condition", "over", "resolved"),
                clinical(
                    "Condition",
                    "never",
                    "active",
                    verificationStatus={"coding": [{"code": "refuted"}]},
                ),
            ],
            ["again", "now"],
        ),
        (
            "69730-0",
            [
                {
                    "resourceType": "Appointment",
                    "id": name,
                    "status": status,
                    "start": (NOW + timedelta(days=days)).isoformat(),
                }
                for name, status, days in (
                    ("next", "booked", 1),
                    ("before", "booked", -1),
                    ("missed", "noshow", -1),
                    ("off", "cancelled", 1),
                )
            ],
            ["next"],
        ),
        (
            "18776-5",
            [
                {"resourceType": "CarePlan", "id": "plan", "status": "active", "intent": "plan"},
                {"resourceType": "CarePlan", "id": "x", "status": "active", "intent": "proposal"},
                {"resourceType": "CarePlan", "id": "y", "status": "draft", "intent": "plan"},
                {"resourceType": "Goal", "id": "goal", "lifecycleStatus": "completed"},
                {"resourceType": "Goal", "id": "z", "lifecycleStatus": "rejected"},
                {"resourceType": "Goal", "id": "w", "lifecycleStatus": "proposed"},
                {"resourceType": "CareTeam", "id": "team", "status": "active"},
                {"resourceType": "CareTeam", "id": "old", "status": "inactive"},
            ],
            ["plan", "team", "goal"],
        ),
    ],
)
def test_a_section_shows_what_is_meant_for_it(
    code: str, resources: list[dict[str, Any]], expected: list[str]
) -> None:
    assert sorted(shown(a_record(*resources), code)) == sorted(expected)


def test_a_section_is_in_the_order_of_time() -> None:
    record = a_record(an_observation("b", "survey", 1), an_observation("a", "survey", 9))

    assert shown(record, "behavioral-health-summary") == ["a", "b"]


@given(
    names=st.lists(TEXTS, max_size=4),
    days=st.floats(-5, 500),
    reason=st.none() | TEXTS.filter(str.strip),
)
def test_every_document_is_valid_and_resolves_its_references(
    names: list[str], days: float, reason: str | None
) -> None:
    observations = [
        an_observation(f"o{i}", "survey", days, text=name, valueString=name)
        for i, name in enumerate(names)
    ]
    observations = [each for each in observations if validate(each) == []]
    if reason is not None and validate({"resourceType": "Basic", "code": {"text": reason}}):
        return
    whole, asked = written(*observations, reason=reason)

    assert validate(whole) == validate(asked) == []
    inside = {(e["resource"]["resourceType"], e["resource"]["id"]) for e in whole["entry"]}
    for each in whole["entry"]:
        assert set(Links(each["resource"]).local_targets((BASE,))) <= inside
    assert whole == written(*observations, reason=reason)[0]


def test_an_empty_record_says_in_every_section_that_there_is_nothing() -> None:
    whole, _ = written()
    sections = whole["entry"][0]["resource"]["section"]

    assert [each["title"] for each in sections if "entry" in each] == ["Reason for referral"]
    for each in sections:
        if "entry" not in each:
            assert each["emptyReason"]["coding"][0]["code"] == "unavailable"
            assert each["text"]["div"]


def test_what_is_left_out_is_told_by_its_type_only() -> None:
    told = an_observation(
        "o1",
        "survey",
        focus=[{"reference": "Group/g1"}, {"reference": f"{BASE}/Patient/p1/_history/2"}],
        performer=[{"reference": "https://elsewhere.example/fhir/Practitioner/1"}],
    )
    whole, _ = written(told)
    [copy] = [e["resource"] for e in whole["entry"] if e["resource"]["id"] == "o1"]

    assert copy["focus"] == [
        {"display": "Group, not part of this document"},
        {"reference": "Patient/p1"},
    ]
    assert copy["performer"] == told["performer"]
    assert told["focus"][0] == {"reference": "Group/g1"}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"resourceType": "Patient", "id": "p1"}, True),
        ({"resourceType": "Patient", "id": "p2"}, False),
        ({"resourceType": "Organization", "id": "o"}, True),
        ({"resourceType": "Condition", "id": "c", **SUBJECT}, True),
        ({"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p2"}}, False),
        ({"resourceType": "Questionnaire", "id": "q"}, False),
        (
            {
                "resourceType": "Group",
                "id": "g",
                "member": [{"entity": {"reference": f"Patient/p{i}"}} for i in (1, 2)],
            },
            False,
        ),
    ],
)
def test_only_what_is_the_persons_or_nobodys_goes_along(
    resource: dict[str, Any], *, expected: bool
) -> None:
    assert documents.may_go_along(resource, {"p1"}, READING) is expected


def test_a_handoff_has_parts_of_its_own_each_time() -> None:
    first, second = (written(number=number)[1] for number in (1, 2))
    urls = [entry["request"]["url"] for entry in (*first["entry"], *second["entry"])]

    assert len(set(urls)) == len(urls)
    assert all(entry["request"]["ifNoneMatch"] == "*" for entry in first["entry"])


def test_the_windows_are_local_days_after_the_handoff() -> None:
    _, asked = written()
    periods = {
        entry["resource"]["code"]["coding"][0]["code"]: entry["resource"]["restriction"]["period"]
        for entry in asked["entry"]
        if entry["resource"]["resourceType"] == "Task"
    }

    # It is still the third of May in New York.
    assert periods == {
        "handoff": {"start": "2026-05-03", "end": "2026-05-10"},
        "aftercare-7d": {"start": "2026-05-04", "end": "2026-05-10"},
        "aftercare-30d": {"start": "2026-05-04", "end": "2026-06-02"},
    }
    assert [each.days for each in CLOCKS] == [7, 30]


def test_an_earlier_handoff_that_came_to_nothing_is_ended() -> None:
    handoff = a_handoff(number=2)
    clock = {"resourceType": "Task", "id": "t", "status": "requested", "meta": {"versionId": "1"}}
    earlier = {"resourceType": "ServiceRequest", "id": "s", "meta": {"versionId": "4"}}
    referral = service_request(handoff, (), [earlier, clock])
    asked = transaction(handoff, [written()[0]], referral, last_visit=None, lapsed=[earlier, clock])
    *_, revoked, cancelled = asked["entry"]

    assert referral["replaces"] == [{"reference": "ServiceRequest/s"}]
    assert revoked["request"]["ifMatch"] == 'W/"4"'
    assert revoked["resource"]["status"] == "revoked"
    assert cancelled["resource"]["status"] == "cancelled"
    assert cancelled["resource"]["statusReason"]["text"]


@pytest.mark.parametrize(
    ("resource", "name", "result"),
    [
        ({"code": {"text": "A"}, "valueQuantity": {"value": 7, "unit": "{score}"}}, "A", "7"),
        (
            {
                "code": {"coding": [{"code": "1", "display": "Weight"}]},
                "valueQuantity": {"value": 70, "unit": "kg"},
            },
            "Weight",
            "70 kg",
        ),
        ({"code": {"coding": [{"code": "1"}]}, "valueBoolean": False}, "1", "no"),
        ({"code": {"text": "Sex"}, "dataAbsentReason": {"text": "Not asked"}}, "Sex", "Not asked"),
        ({"code": {"text": "Note"}, "valueString": "calm"}, "Note", "calm"),
        (
            {
                "code": {"text": "Blood pressure"},
                "component": [
                    {"code": {"text": "Systolic"}, "valueQuantity": {"value": 120}},
                    {"code": {"text": "Diastolic"}, "valueQuantity": {"value": 80}},
                ],
            },
            "Blood pressure",
            "Systolic: 120; Diastolic: 80",
        ),
        (
            {
                "medicationCodeableConcept": {"text": "Sertraline"},
                "status": "active",
                "dosageInstruction": [{"sequence": 1}, {"text": "50 mg daily"}],
            },
            "Sertraline",
            "50 mg daily",
        ),
        ({"title": "Plan", "status": "active"}, "Plan", "active"),
        ({"serviceType": [{"text": "Group"}], "status": "booked"}, "Group", "booked"),
        ({"description": {"text": "Sleep"}, "lifecycleStatus": "active"}, "Sleep", "active"),
        ({"clinicalStatus": {"coding": [{"code": "active"}]}}, "Observation", "active"),
        ({}, "Observation", ""),
    ],
)
def test_people_read_what_it_is_and_what_came_of_it(
    resource: dict[str, Any], name: str, result: str
) -> None:
    told = {"resourceType": "Observation"} | resource

    assert (facts.name_of(told), facts.result_of(told)) == (name, result)


def test_the_last_in_time_is_found_and_what_has_no_time_is_not() -> None:
    timeless = an_observation("never", "survey", effectiveDateTime=None)
    del timeless["effectiveDateTime"]
    some = [an_observation("old", "survey", 9), an_observation("new", "survey", 1), timeless]

    last = last_of(some, READING)
    assert last is not None
    assert last["id"] == "new"
    assert last_of([timeless], READING) is None
    assert facts.day_of(timeless, READING) == ""


def test_an_appointment_is_told_with_its_local_time() -> None:
    appointment = {"resourceType": "Appointment", "id": "a", "start": "2026-05-05T13:30:00Z"}

    assert facts.day_of(appointment, READING) == "2026-05-05 09:30"
    assert facts.day_of(an_observation("o", "survey", 0), READING) == "2026-05-03"


def test_what_resources_lead_to_here_is_named() -> None:
    condition = clinical(
        "Condition", "c", "active", recorder={"reference": f"{BASE}/Practitioner/x"}
    )
    referral = service_request(a_handoff(), [condition], ())

    assert referral["reasonReference"] == [{"reference": "Condition/c"}]
    assert documents.led_to([condition | SUBJECT, referral], (BASE,)) == {
        ("Practitioner", "x"),
        ("Patient", "p1"),
        ("Practitioner", "here"),
        ("Organization", "clinic"),
        ("EpisodeOfCare", "e1"),
        ("Condition", "c"),
    }


def test_the_reason_stands_in_the_referral_and_in_its_section() -> None:
    whole, asked = written(reason="Back to <work> & life.")
    sections = {e["title"]: e for e in whole["entry"][0]["resource"]["section"]}
    [referral] = [
        e["resource"] for e in asked["entry"] if e["resource"]["resourceType"] == "ServiceRequest"
    ]

    assert "Back to &lt;work&gt; &amp; life." in sections["Reason for referral"]["text"]["div"]
    assert referral["reasonCode"] == [{"text": "Back to <work> & life."}]
    assert referral["code"]["coding"][0]["system"] == code_system("programme")
