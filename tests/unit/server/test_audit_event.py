"""Each kind of row of the audit is a valid AuditEvent that tells who did what."""

from __future__ import annotations

import copy
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.reader import read
from shared.fhir.validation import validate
from shared.fhir.writer import write
from shared.server.audit_event import audit_event
from shared.server.request import Interaction
from shared.store.audit import Audited, AuditRow
from shared.store.audit_codes import ACTIONS, DISCLOSE, OUTCOMES, outcome_of

AT = datetime(2026, 3, 1, 9, 0, 0, 1, tzinfo=UTC)
READ = AuditRow(
    recorded=AT,
    service="plan",
    caller="Practitioner/7",
    interaction="read",
    type=TYPE_CODE["CarePlan"],
    id="c1",
    version=3,
    request_id="6f1c",
    status=200,
    query=None,
)
BARE = replace(READ, type=None, id=None, version=None, caller=None)
AUDITED = sorted({*get_args(Interaction), DISCLOSE} - {"capabilities"})


def shown(row: AuditRow, patient: str | None = None) -> dict[str, Any]:
    return audit_event(Audited(41, "41", patient, row))


def entities(event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The entities by the code of their role, or else of their type."""
    return {each.get("role", each["type"])["code"]: each for each in event["entity"]}


def test_a_read_tells_who_read_which_version_of_what_of_whom() -> None:
    event = shown(READ, "p1")
    found = entities(event)

    assert event["id"] == "41"
    assert event["recorded"] == event["meta"]["lastUpdated"] == "2026-03-01T09:00:00.000001Z"
    assert event["type"]["code"] == "rest"
    assert [each["code"] for each in event["subtype"]] == ["read"]
    assert (event["action"], event["outcome"]) == ("R", "0")
    assert event["agent"] == [{"who": {"reference": "Practitioner/7"}, "requestor": True}]
    assert event["source"]["observer"]["display"] == "plan_api"
    assert event["source"]["observer"]["identifier"]["value"] == "plan_api"
    assert found["4"]["what"] == {"reference": "CarePlan/c1/_history/3"}
    assert found["1"]["what"] == {"reference": "Patient/p1"}
    assert found["XrequestId"]["what"] == {"identifier": {"value": "6f1c"}}
    assert "24" not in found


def test_a_search_tells_what_was_asked() -> None:
    row = replace(BARE, interaction="search-type", type=TYPE_CODE["Patient"], query="name=Zoë&_x=ü")
    found = entities(shown(row))

    assert b64decode(found["24"]["query"]).decode() == "Patient?name=Zoë&_x=ü"
    assert found.keys() == {"24", "XrequestId"}
    everyone = entities(shown(replace(row, query=None)))
    assert b64decode(everyone["24"]["query"]).decode() == "Patient"


def test_the_parameters_of_a_read_are_told_too() -> None:
    found = entities(shown(replace(READ, query="_pretty=true")))

    assert b64decode(found["24"]["query"]).decode() == "CarePlan/c1?_pretty=true"
    assert found["4"]["what"]["reference"] == "CarePlan/c1/_history/3"


def test_a_resource_that_was_not_made_is_told_by_its_type() -> None:
    row = replace(READ, interaction="create", id=None, version=None, status=422)
    event = shown(row)

    assert (event["action"], event["outcome"], event["outcomeDesc"]) == (
        "C",
        "4",
        "HTTP status 422",
    )
    assert entities(event)["4"]["name"] == "CarePlan"
    assert "what" not in entities(event)["4"]


def test_an_audit_event_that_was_read_has_no_version_to_read() -> None:
    row = replace(READ, type=TYPE_CODE["AuditEvent"], id="40", version=1)

    assert entities(shown(row))["4"]["what"] == {"reference": "AuditEvent/40"}


def test_an_anonymous_caller_is_told_to_be_one() -> None:
    assert shown(BARE)["agent"] == [{"who": {"display": "anonymous"}, "requestor": True}]


def test_a_bundle_of_no_known_kind_has_no_subtype() -> None:
    event = shown(replace(BARE, interaction="bundle", status=400))

    assert "subtype" not in event
    assert event["action"] == "E"
    assert [each["code"] for each in shown(replace(BARE, interaction="batch"))["subtype"]] == [
        "batch"
    ]


def test_what_is_sent_to_a_partner_is_told_as_a_disclosure_to_it() -> None:
    sent = replace(READ, interaction="disclose", caller="Organization/clinic", status=202)
    event = shown(sent, "p1")

    assert (event["type"]["code"], event["action"], event["outcome"]) == ("110106", "R", "0")
    assert [each["code"] for each in event["subtype"]] == ["disclose"]
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    to, by = event["agent"]
    assert to["who"] == {"reference": "Organization/clinic"}
    assert by["who"]["display"] == "plan_api"
    assert [each["type"]["coding"][0]["code"] for each in (to, by)] == ["110152", "110153"]
    assert entities(event)["1"]["what"] == {"reference": "Patient/p1"}


FETCHED = replace(READ, type=TYPE_CODE["DocumentReference"], caller="Organization/clinic")


@pytest.mark.parametrize(
    ("changes", "is_disclosure"),
    [
        ({}, True),
        ({"interaction": "vread", "type": TYPE_CODE["Bundle"]}, True),
        ({"interaction": "update"}, False),
        ({"caller": "Practitioner/7"}, False),
        ({"caller": None}, False),
        ({"type": TYPE_CODE["CarePlan"]}, False),
        ({"status": 304}, False),
        ({"status": 404}, False),
    ],
)
def test_only_a_document_that_a_partner_fetched_is_a_disclosure_too(
    changes: dict[str, Any], *, is_disclosure: bool
) -> None:
    row = replace(FETCHED, **changes)
    event = shown(row)

    assert event["type"]["code"] == "rest"
    codes = [each["code"] for each in event["subtype"]]
    assert codes == [row.interaction, *(["disclose"] if is_disclosure else [])]
    assert ("purposeOfEvent" in event) is is_disclosure


def test_the_time_is_told_in_utc() -> None:
    there = AT.astimezone(timezone(timedelta(hours=-5)))

    assert shown(replace(READ, recorded=there))["recorded"] == "2026-03-01T09:00:00.000001Z"


def test_every_interaction_that_is_audited_has_an_action() -> None:
    assert sorted(ACTIONS) == AUDITED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "0"), (304, "0"), (399, "0"), (400, "4"), (499, "4"), (500, "8"), (503, "8")],
)
def test_the_outcome_is_that_of_the_status(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome
    assert outcome in OUTCOMES
    assert shown(replace(READ, status=status))["outcome"] == outcome


ROWS = st.builds(
    AuditRow,
    recorded=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    service=st.sampled_from(["intake", "plan", "progress"]),
    caller=st.none() | st.from_regex(r"Practitioner/[A-Za-z0-9.-]{1,64}", fullmatch=True),
    interaction=st.sampled_from(AUDITED),
    type=st.none() | st.sampled_from(sorted(TYPE_CODE.values())),
    id=st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", fullmatch=True),
    version=st.none() | st.integers(1, 2**31 - 1),
    request_id=st.from_regex(r"[A-Za-z0-9._:/+=-]{1,128}", fullmatch=True),
    status=st.sampled_from([200, 201, 204, 304, 400, 404, 409, 410, 412, 422, 500, 503, 504]),
    query=st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
)


@given(ROWS, st.none() | st.just("p1"), st.integers(1, 2**63 - 1))
def test_every_kind_of_row_is_a_valid_audit_event(
    row: AuditRow, patient: str | None, position: int
) -> None:
    event = audit_event(Audited(position, str(position), patient, row))

    assert validate(read(write(event))) == []


def test_a_broken_one_would_be_seen() -> None:
    broken = copy.deepcopy(shown(READ))
    del broken["agent"]
    assert validate(broken) != []
