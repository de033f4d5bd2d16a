"""Notices come late, twice and out of order, and the record ends in the same state."""

from __future__ import annotations

from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake_api.domain import clock
from services.intake_api.domain.notice.faults import read_notice
from services.intake_api.domain.notice.fold import brought, folded
from services.intake_api.domain.notice.identity import identities
from services.intake_api.domain.notice.outcome import Told, decided, follows, outcome
from shared.fhir.validation import validate
from tests.notices import ACT_CODE, DOCTOR, ENDPOINT, identifier, notice, resource

# Each example reads several whole messages.
SOME = settings(max_examples=40, deadline=None)
NEW_YORK = ZoneInfo("America/New_York")
Record = dict[str, dict[str, Any]]

stays = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["planned", "in-progress", "finished", "cancelled"]),
        "class": st.sampled_from(
            [{"system": ACT_CODE, "code": code} for code in ("IMP", "EMER", "NONAC")]
        ),
        "period": st.sampled_from(
            [
                {"start": "2026-02-20", "end": "2026-03-02T22:30:00-05:00"},
                {"end": "2026-03-04"},
                {"start": "2026-02-21T01:00:00Z", "end": "2026-03-02"},
            ]
        ),
        "hospitalization": st.sampled_from(
            [
                None,
                {"admitSource": {"text": "emergency"}},
                {"dischargeDisposition": {"text": "home"}},
                {"admitSource": {"text": "home"}, "dischargeDisposition": {"text": "other"}},
            ]
        ),
        "type": st.sampled_from([None, [{"text": "one"}], [{"text": "two"}]]),
        "priority": st.sampled_from([None, {"text": "urgent"}]),
    }
)
times = st.sampled_from(["2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z"])
labels = st.lists(st.sampled_from(["urn:a", "urn:b"]), unique=True, min_size=1)
metas = st.fixed_dictionaries({}, optional={"lastUpdated": times, "profile": labels}).map(
    lambda meta: meta or None
)
patients = st.fixed_dictionaries(
    {
        "gender": st.sampled_from([None, "female"]),
        "telecom": st.sampled_from([None, *([{"system": "phone", "value": v}] for v in "12")]),
        "deceasedBoolean": st.sampled_from([None, False]),
    }
)


@st.composite
def told(draw: st.DrawFn) -> Told:
    """A notice of one stay, with the references that the record gives it."""
    hour = draw(st.integers(0, 3))
    stay = draw(stays) | {"meta": draw(metas)}
    # A discharge of a stay that goes on is refused.
    events = ["admit", "transfer", *(["discharge"] if stay["status"] == "finished" else [])]
    made = notice(
        draw(st.sampled_from(events)),
        message=f"m{draw(st.integers(0, 9))}-{hour}",
        timestamp=f"2026-03-02T0{hour}:00:00Z",
        Encounter=stay,
        Patient=draw(patients),
    )
    return as_told(made)


def as_told(made: dict[str, Any]) -> Told:
    read = read_notice(made)
    return Told(read, {url: each.reference for url, each in identities(read).items()})


def received(arriving: list[Told]) -> Record:
    """What the record holds after each notice has come in its turn, as the operation keeps it."""
    record: Record = {}
    before: list[Told] = []
    for each in arriving:
        if each.notice.name in {known.notice.name for known in before}:
            continue
        known = outcome(before, each.stay, NEW_YORK)
        for reference, content in outcome([*before, each], each.stay, NEW_YORK).items():
            current = record.get(reference)
            after = decided(current, known.get(reference), content) if current else content
            record |= {reference: after} if after else {}
        before.append(each)
    return record


notices = st.lists(told(), min_size=1, max_size=4, unique_by=lambda each: each.notice.name)


@SOME
@given(notices, st.data())
def test_any_order_and_any_repetition_end_in_the_same_state(
    some: list[Told], data: st.DataObject
) -> None:
    expected = received(some)

    arriving = data.draw(st.permutations([*some, *data.draw(st.lists(st.sampled_from(some)))]))
    found = received(arriving)

    assert found == expected
    assert found == outcome(some, some[0].stay, NEW_YORK)


@SOME
@given(notices)
def test_what_comes_of_notices_is_valid(some: list[Told]) -> None:
    for resource_found in outcome(some, some[0].stay, NEW_YORK).values():
        assert validate(resource_found) == []


@SOME
@given(notices)
def test_the_newest_notice_always_holds(some: list[Told]) -> None:
    newest = max(some, key=lambda each: each.notice.order).notice
    stay = outcome(some, some[0].stay, NEW_YORK)[some[0].stay]

    for name in ("status", "class", "type", "priority"):
        if name in newest.stay:
            assert stay[name] == newest.stay[name]
    assert newest.stay["period"].items() <= stay["period"].items()


def test_a_discharge_is_not_undone_by_what_was_told_before_it() -> None:
    late = [as_told(notice(event)) for event in ("discharge", "admit", "transfer")]

    for order in permutations(late):
        stay = received(list(order))[late[0].stay]
        assert stay["status"] == "finished"
        assert stay["period"]["end"] == "2026-03-02T15:00:00Z"


def test_notices_of_one_moment_are_ordered_by_when_the_stay_changed() -> None:
    meta = [{"meta": {"lastUpdated": f"2026-03-02T1{i}:00:00Z"}} for i in (1, 2)]
    first = as_told(notice("discharge", timestamp="2026-03-02T16:00:00Z", Encounter=meta[0]))
    second = as_told(notice("transfer", timestamp="2026-03-02T16:00:00Z", Encounter=meta[1]))

    assert first.notice.order < second.notice.order
    assert received([second, first])[first.stay]["status"] == "in-progress"


def test_a_stay_that_goes_on_again_takes_no_end_from_an_older_notice() -> None:
    ended = {
        "length": {"value": 10, "unit": "d"},
        "hospitalization": {"dischargeDisposition": {"text": "home"}},
    }
    discharge = as_told(notice("discharge", Encounter=ended))
    again = as_told(
        notice("transfer", timestamp="2026-03-02T20:00:00Z", Encounter={"period": None})
    )

    stay = received([discharge, again])[discharge.stay]

    assert stay["period"] == {"start": "2026-02-20T08:00:00Z"}
    assert not {"length", "hospitalization"} & stay.keys()


def test_parts_that_occur_once_are_filled_and_lists_and_codes_are_not_mixed() -> None:
    older = {
        "resourceType": "Encounter",
        "hospitalization": {"admitSource": {"text": "emergency"}, "origin": {"display": "there"}},
        "priority": {"text": "urgent", "coding": [{"code": "x"}]},
        "type": [{"text": "one"}],
        "text": {"status": "generated", "div": "<div/>"},
    }
    newer = {
        "resourceType": "Encounter",
        "status": "finished",
        "hospitalization": {
            "dischargeDisposition": {"text": "home"},
            "origin": {"display": "here"},
        },
        "priority": {"text": "routine"},
    }

    assert folded([older, newer]) == newer | {
        "type": [{"text": "one"}],
        "hospitalization": {
            "admitSource": {"text": "emergency"},
            "dischargeDisposition": {"text": "home"},
            "origin": {"display": "here"},
        },
    }


def test_an_identifier_of_a_system_that_a_newer_telling_leaves_out_remains() -> None:
    def told(**values: str) -> dict[str, Any]:
        given = [{"system": f"urn:{system}", "value": value} for system, value in values.items()]
        return {"resourceType": "Patient", "identifier": given}

    assert folded([told(mrn="1", ssn="2"), told(ssn="3")]) == told(ssn="3", mrn="1")
    assert folded([told(mrn="1"), {"resourceType": "Patient"}]) == told(mrn="1")
    assert folded([told(mrn="1"), told(mrn="2")]) == told(mrn="2")


def test_one_form_of_a_choice_leaves_no_gap_for_the_other() -> None:
    unsaid = {"_gender": {"extension": [{"url": "urn:x:asked", "valueBoolean": True}]}}
    older = {"resourceType": "Patient", "deceasedDateTime": "2026-01-01"} | unsaid
    newer = {"resourceType": "Patient", "deceasedBoolean": False}

    assert folded([older, newer]) == newer | unsaid


def test_what_people_added_to_a_stay_remains_and_what_is_new_is_taken_over() -> None:
    before = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "in-progress",
        "priority": {"id": "a"},
    }
    after = before | {"status": "finished", "meta": {"profile": ["p2"]}}
    after.pop("priority")
    current = before | {"reasonCode": [{"text": "theirs"}], "meta": {"profile": ["p1", "p2"]}}

    assert brought(current, before, after) == {
        "resourceType": "Encounter",
        "id": "e",
        "status": "finished",
        "reasonCode": [{"text": "theirs"}],
        "meta": {"profile": ["p2", "p1"]},
    }


def test_what_people_have_changed_since_is_left_alone_but_for_the_stay() -> None:
    first, second = as_told(notice("admit")), as_told(notice("discharge"))
    before = outcome([first], first.stay, NEW_YORK)
    after = outcome([first, second], first.stay, NEW_YORK)
    person = first.places[first.notice.patient_address]
    touched = before[person] | {"gender": "female"}

    assert decided(touched, before[person], before[person] | {"active": True}) is None
    assert decided(before[person], before[person], before[person] | {"active": True}) is not None
    stay = decided(
        before[first.stay] | {"priority": {"text": "hers"}}, before[first.stay], after[first.stay]
    )
    assert stay is not None
    assert (stay["status"], stay["priority"]) == ("finished", {"text": "hers"})


@pytest.mark.parametrize("unsaid", [(), ("owner", "priority", "executionPeriod")])
def test_a_clock_that_was_only_marked_overdue_follows_a_corrected_end(unsaid: list[str]) -> None:
    first = as_told(notice("discharge"))
    later = {"period": {"start": "2026-02-20", "end": "2026-03-05"}}
    second = as_told(
        notice("discharge", message="m2", timestamp="2026-03-06T00:00:00Z", Encounter=later)
    )
    before = outcome([first], first.stay, NEW_YORK)
    after = outcome([first, second], first.stay, NEW_YORK)
    [clock_id] = [r for r, each in before.items() if "follow-up-7d" in str(each.get("code"))]

    # Tasks of earlier releases do not say all that today's do.
    kept = {k: v for k, v in clock.overdue(before[clock_id]).items() if k not in unsaid}
    moved = decided(kept, before[clock_id], after[clock_id])

    assert moved == after[clock_id]
    assert decided(kept | {"owner": DOCTOR}, before[clock_id], after[clock_id]) is None
    assert moved["restriction"]["period"] == {"start": "2026-03-06", "end": "2026-03-12"}


def test_a_discharge_opens_its_windows_in_local_days() -> None:
    late = as_told(
        notice(Encounter={"period": {"start": "2026-02-20", "end": "2026-03-03T04:59:00Z"}})
    )

    found = outcome([late], late.stay, NEW_YORK)
    windows = {
        each["code"]["coding"][0]["code"]: each["restriction"]["period"]
        for each in found.values()
        if each["resourceType"] == "Task"
    }

    assert windows == {
        "referral": {"start": "2026-03-02", "end": "2026-03-09"},
        "follow-up-7d": {"start": "2026-03-03", "end": "2026-03-09"},
        "follow-up-30d": {"start": "2026-03-03", "end": "2026-04-01"},
    }
    assert set(found) == set(follows(late, NEW_YORK))


def test_a_class_that_names_no_system_is_one_of_fhirs() -> None:
    alone = as_told(notice("discharge", Encounter={"class": {"code": "IMP"}}))

    assert received([alone]) == received([as_told(notice("discharge"))])


def test_an_admission_or_an_emergency_visit_opens_nothing() -> None:
    emergency = {"class": {"system": ACT_CODE, "code": "EMER"}}
    for made in (notice("admit"), notice("transfer"), notice("discharge", Encounter=emergency)):
        each = as_told(made)
        assert set(outcome([each], each.stay, NEW_YORK)) == set(each.places.values())


def test_what_a_notice_says_of_another_stay_is_not_taken_for_this_one() -> None:
    one = as_told(notice("admit"))
    two = as_told(notice("discharge", Encounter={"identifier": [identifier("stay", "2")]}))

    found = outcome([one, two], one.stay, NEW_YORK)

    assert two.stay not in found
    assert found[one.stay]["status"] == "in-progress"
    assert not [each for each in found.values() if each["resourceType"] == "EpisodeOfCare"]


def test_the_sender_asks_or_whoever_is_responsible_or_the_system_that_sent_it() -> None:
    def requester(header: dict[str, Any]) -> dict[str, Any]:
        each = as_told(notice(MessageHeader=header))
        found = outcome([each], each.stay, NEW_YORK).values()
        [request] = [one for one in found if one["resourceType"] == "ServiceRequest"]
        asks: dict[str, Any] = request["requester"]
        return asks

    assert requester({})["reference"].startswith("Organization/")
    responsible = requester({"sender": None, "responsible": {"reference": DOCTOR}})
    assert responsible["reference"].startswith("Practitioner/")
    assert requester({"sender": {"reference": "Organization/7"}}) == {"display": "Hospital"}
    unnamed = {"sender": None, "source": {"endpoint": ENDPOINT}}
    assert requester(unnamed) == {"display": ENDPOINT}


def test_a_referral_names_conditions_and_coverages_where_there_are_any() -> None:
    made = notice()
    bare = made | {"entry": made["entry"][:5]}
    with_all, without = as_told(made), as_told(bare | {"timestamp": "2026-03-02T17:00:00Z"})

    def named(each: Told) -> set[str]:
        found = outcome([each], each.stay, NEW_YORK).values()
        [request] = [one for one in found if one["resourceType"] == "ServiceRequest"]
        return {"reasonReference", "insurance"} & request.keys()

    assert named(with_all) == {"reasonReference", "insurance"}
    assert named(without) == set()


def test_what_was_not_there_is_made_and_what_changes_nothing_is_left() -> None:
    each = as_told(notice())
    found = outcome([each], each.stay, NEW_YORK)
    stay, person = found[each.stay], found[each.places[each.notice.patient_address]]

    assert decided(None, stay, stay) == stay
    assert decided(stay, stay, stay) is None
    assert decided(stay, None, stay) is None
    assert decided(person | {"active": True}, None, person) is None


def test_references_point_into_the_record_or_to_nothing_here() -> None:
    participants = [
        {"individual": {"reference": "Practitioner/doctor"}},
        {"individual": {"reference": "Practitioner/7"}},
        {"individual": {"reference": "urn:uuid:unknown", "display": "Dr. Who"}},
        {"individual": {"reference": "https://elsewhere.example/fhir/Practitioner/9"}},
        {"individual": {"reference": "Practitioner?identifier=x"}},
        {"individual": {"identifier": {"value": "7"}}},
    ]
    made = notice(Encounter={"participant": participants})
    made["entry"][1]["fullUrl"] = "https://hospital.example/fhir/Encounter/stay"
    resource(made, "MessageHeader")["focus"] = [{"reference": "Encounter/stay"}]
    resource(made, "Condition")["encounter"] = {"reference": made["entry"][1]["fullUrl"]}
    each = as_told(made)

    found = outcome([each], each.stay, NEW_YORK)[each.stay]["participant"]

    doctor = next(place for place in each.places.values() if place.startswith("Practitioner/"))
    assert [one["individual"] for one in found] == [
        {"reference": doctor},
        {"reference": "https://hospital.example/fhir/Practitioner/7"},
        {"display": "Dr. Who"},
        {"reference": "https://elsewhere.example/fhir/Practitioner/9"},
        {"display": "not told in the notice"},
        {"identifier": {"value": "7"}},
    ]
    # An entry that stands nowhere at the sender's has no base for what it refers to.
    assert reference_of("Practitioner/7") == {"display": "not told in the notice"}


def reference_of(text: str) -> dict[str, Any]:
    participant = [{"individual": {"reference": text}}]
    each = as_told(notice(Encounter={"participant": participant}))
    told: dict[str, Any] = outcome([each], each.stay, NEW_YORK)[each.stay]["participant"][0]
    found: dict[str, Any] = told["individual"]
    return found
