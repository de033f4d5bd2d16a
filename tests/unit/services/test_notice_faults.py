"""What makes a message a notice, and what a sender is told of one that is none."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake_api.domain.notice.faults import notice_in, read_notice
from shared.fhir.errors import RuleViolation
from tests.notices import ACT_CODE, EVENTS, PATIENT, STAY, changed, notice

OTHER = "urn:uuid:00000000-0000-4000-8000-0000000000ff"
HEADER_AT = "Bundle.entry[0].resource"


def refused(bundle: dict[str, Any]) -> list[str | None]:
    with pytest.raises(RuleViolation) as caught:
        read_notice(bundle)
    return [issue.expression for issue in caught.value.issues]


@pytest.mark.parametrize("event", ["admit", "transfer", "discharge"])
def test_a_notice_of_each_event_is_read(event: str) -> None:
    found = read_notice(notice(event))

    assert found.event == f"notification-{event}"
    assert found.name == f"https://hospital.example/fhir|{event}-1"
    assert found.stay["resourceType"] == "Encounter"
    assert found.patient["resourceType"] == "Patient"
    assert len(found.kept) == 6


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"type": "collection"}, ["Bundle.type"]),
        ({"timestamp": None}, ["Bundle.timestamp"]),
        ({"MessageHeader": {"id": None}}, [f"{HEADER_AT}.id"]),
        (
            {"MessageHeader": {"eventCoding": {"system": EVENTS, "code": "x"}}},
            [f"{HEADER_AT}.event"],
        ),
        (
            {"MessageHeader": {"eventCoding": {"system": "x", "code": "notification-admit"}}},
            [f"{HEADER_AT}.event"],
        ),
        (
            {"MessageHeader": {"eventCoding": None, "eventUri": "urn:x"}},
            [f"{HEADER_AT}.event"],
        ),
        ({"MessageHeader": {"focus": None}}, [f"{HEADER_AT}.focus"]),
        ({"MessageHeader": {"focus": [{"reference": OTHER}]}}, [f"{HEADER_AT}.focus"]),
        ({"MessageHeader": {"focus": [{"reference": PATIENT}]}}, [f"{HEADER_AT}.focus"]),
        ({"Encounter": {"subject": None}}, ["Bundle.entry[1].resource.subject"]),
        ({"Encounter": {"subject": {"reference": OTHER}}}, ["Bundle.entry[1].resource.subject"]),
        (
            {"Encounter": {"subject": {"reference": "Patient/elsewhere"}}},
            ["Bundle.entry[1].resource.subject"],
        ),
        ({"Patient": {"identifier": None}}, ["Bundle.entry[2].resource.identifier"]),
        (
            {"Patient": {"identifier": [{"value": "7"}]}},
            ["Bundle.entry[2].resource.identifier"],
        ),
        (
            {"Patient": {"identifier": [{"use": "old", "system": "urn:x", "value": "7"}]}},
            ["Bundle.entry[2].resource.identifier"],
        ),
        (
            {"Encounter": {"period": {"start": "2026-02-20"}}},
            ["Bundle.entry[1].resource.period.end"],
        ),
        ({"Encounter": {"status": "in-progress"}}, ["Bundle.entry[1].resource.status"]),
        ({"Encounter": {"status": "unknown"}}, ["Bundle.entry[1].resource.status"]),
        (
            {"Encounter": {"class": {"system": "urn:x", "code": "IMP"}}},
            ["Bundle.entry[1].resource.class"],
        ),
        # What is no valid FHIR is told before anything else.
        ({"Encounter": {"status": "over"}}, ["Bundle.entry[1].resource.status"]),
    ],
)
def test_each_fault_is_told_at_its_place(changes: dict[str, Any], places: list[str]) -> None:
    assert read_notice(notice())
    assert refused(notice(**changes)) == places


@pytest.mark.parametrize(
    ("end", "is_taken"),
    [
        ("2026", False),
        ("2026-03", False),
        ("2026-03-02", True),
        ("2026-03-02T22:30:00-05:00", True),
        ("2026-03-04T15:59:00Z", True),
        ("2026-03-04T16:01:00Z", False),
        ("2062-03-02", False),
    ],
)
def test_a_discharge_names_the_day_of_its_end_which_is_not_to_come(
    end: str, *, is_taken: bool
) -> None:
    told = notice(timestamp="2026-03-02T16:00:00Z", Encounter={"period": {"end": end}})

    if is_taken:
        assert read_notice(told).stay["period"] == {"end": end}
    else:
        assert refused(told) == ["Bundle.entry[1].resource.period.end"]
    # What goes on, or did not take place, may end some day.
    planned = {"status": "cancelled", "period": {"end": end}}
    assert read_notice(notice(Encounter=planned))


def test_all_faults_of_the_envelope_are_told_at_once() -> None:
    told = refused(notice(timestamp=None, MessageHeader={"id": None, "focus": None}))

    assert told == ["Bundle.timestamp", f"{HEADER_AT}.id", f"{HEADER_AT}.focus"]


def test_a_message_begins_with_its_header() -> None:
    bundle = notice()
    first, *others = bundle["entry"]

    assert refused(bundle | {"entry": [*others, first]}) == [HEADER_AT]
    assert refused({name: bundle[name] for name in bundle if name != "entry"}) == [HEADER_AT]


def test_entries_need_addresses_of_their_own() -> None:
    bundle = notice()
    del bundle["entry"][3]["fullUrl"]
    twice = notice()
    twice["entry"][4]["fullUrl"] = STAY

    assert refused(bundle) == ["Bundle.entry[3]"]
    assert refused(twice) == ["Bundle.entry[4].fullUrl"]


@pytest.mark.parametrize(
    "stay",
    [
        {"class": {"system": ACT_CODE, "code": "EMER"}, "period": None},
        {"status": "cancelled", "period": None},
    ],
)
def test_only_an_inpatient_stay_that_is_over_must_say_when_it_ended(stay: dict[str, Any]) -> None:
    assert read_notice(notice(Encounter=stay))


def test_a_focus_may_be_named_by_type_and_id() -> None:
    named = {"focus": [{"reference": "Encounter/stay"}]}

    assert read_notice(notice(MessageHeader=named)).stay_address == STAY


@pytest.mark.parametrize("version", ["", "/_history/3"])
def test_entries_without_ids_are_named_by_their_addresses(version: str) -> None:
    base = "https://hospital.example/fhir"
    named = {"focus": [{"reference": f"Encounter/e{version}"}]}
    bundle = notice(
        MessageHeader=named,
        Encounter={"id": None, "subject": {"reference": f"Patient/p{version}"}},
        Patient={"id": None},
    )
    for i, url in ((1, f"{base}/Encounter/e"), (2, f"{base}/Patient/p")):
        bundle["entry"][i]["fullUrl"] = url

    found = read_notice(bundle)

    assert (found.stay_address, found.patient_address) == (
        f"{base}/Encounter/e",
        f"{base}/Patient/p",
    )


def test_what_is_told_of_somebody_else_is_not_kept() -> None:
    other = {"subject": {"reference": OTHER}}
    bundle = notice(Condition=other)
    bundle["entry"].append({"fullUrl": OTHER, "resource": {"resourceType": "Patient"}})

    kept = read_notice(bundle).kept

    assert sorted(each["resourceType"] for each in kept.values()) == [
        "Coverage",
        "Encounter",
        "Organization",
        "Patient",
        "Practitioner",
    ]


def test_a_stored_bundle_that_is_no_notice_is_not_read_as_one() -> None:
    bundle = notice()

    assert notice_in(bundle) is not None
    assert notice_in({"resourceType": "Bundle", "type": "collection"}) is None
    assert notice_in(changed(bundle, MessageHeader={"focus": None})) is None
    assert notice_in(bundle | {"entry": bundle["entry"][1:]}) is None
    assert notice_in(bundle | {"entry": [*bundle["entry"], bundle["entry"][1]]}) is None
