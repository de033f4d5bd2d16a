"""What of a notice is protected, and which consents permit to take it over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.intake_api.domain.notice.message import Notice
from services.intake_api.domain.notice.protection import (
    is_protected,
    permits,
    untelling,
    withheld,
)
from tests.notices import ILLNESS, notice

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PART_2 = {"system": CODES, "code": "42CFRPart2"}
LABELLED = {"meta": {"security": [PART_2]}}


def consent(status: str = "active", **provision: object) -> dict[str, Any]:
    return {"resourceType": "Consent", "status": status, "provision": provision}


def purpose(*codes: str) -> list[dict[str, str]]:
    return [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": c} for c in codes
    ]


@pytest.mark.parametrize("code", ["42CFRPart2", "ETH", "ETHUD", "SUD", "OPIOIDUD"])
def test_a_label_protects_in_whatever_system_it_is_told(code: str) -> None:
    for system in ({"system": CODES}, {"system": "urn:other"}, {}):
        assert is_protected({"meta": {"security": [{"code": "N"}, system | {"code": code}]}})


@pytest.mark.parametrize("resource", [{}, {"meta": {}}, {"meta": {"security": [{"code": "PSY"}]}}])
def test_what_has_no_such_label_is_open(resource: dict[str, Any]) -> None:
    assert not is_protected(resource)


@pytest.mark.parametrize(
    ("consents", "expected"),
    [
        ([], False),
        ([consent()], True),
        ([consent(type="permit")], True),
        ([consent("proposed")], False),
        ([consent("inactive")], False),
        ([consent(purpose=purpose("TREAT"))], True),
        ([consent(purpose=purpose("HRESCH"))], False),
        ([consent(purpose=purpose("HRESCH", "COC"))], True),
        ([consent(period={"end": "2026-03-01"})], False),
        ([consent(period={"start": "2026-03-03"})], False),
        ([consent(period={"start": "2026-03-02", "end": "2026-03-02"})], True),
        ([consent(type="deny")], False),
        ([consent(provision=[{"type": "deny", "securityLabel": [PART_2]}])], False),
        ([consent(provision=[{"type": "deny", "securityLabel": [{"code": "HIV"}]}])], True),
        ([consent(provision=[{"provision": [{"type": "deny"}]}])], False),
        ([consent(), consent(type="deny")], False),
        ([consent(), consent("inactive", type="deny")], True),
    ],
)
def test_only_a_consent_that_holds_now_permits(
    consents: list[dict[str, Any]],
    expected: bool,  # noqa: FBT001
) -> None:
    assert permits(consents, NOW, UTC) is expected
    assert permits(reversed(consents), NOW, UTC) is expected


def test_what_is_protected_stays_in_the_notice_and_whose_it_is_does_not() -> None:
    labelled = Notice(notice(Condition=LABELLED, Encounter=LABELLED, Patient=LABELLED))

    assert withheld(labelled) == {ILLNESS}
    assert withheld(Notice(notice())) == frozenset()


def test_a_stay_that_is_protected_does_not_say_why() -> None:
    stay = {"resourceType": "Encounter", "status": "finished", "period": {}} | LABELLED
    why = {"reasonCode": [{"text": "why"}], "type": [{"text": "why"}], "text": {"div": "why"}}

    assert untelling(stay | why) == stay
