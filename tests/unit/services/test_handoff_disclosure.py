"""What a handoff tells of what is protected: nothing, unless a Consent permits it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.progress_api.domain.handoff.clearing import cleared
from services.progress_api.domain.handoff.disclosure import Disclosure, is_protected, labels_of
from shared.care.canonical import CAUSE
from shared.fhir.search.reading import Reading
from shared.fhir.validation import validate
from shared.fhir.writer import write

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
READING = Reading(ZoneInfo("America/New_York"), ("http://127.0.0.1:8000/fhir",), NOW)
CLINIC = "Organization/clinic"
SUBJECT = {"subject": {"reference": "Patient/p"}}
MARKER = "PROTECTEDMARKER"
Resource = dict[str, Any]


def labelled(*codes: str) -> Resource:
    return {"meta": {"security": [{"code": each} for each in codes]}}


SECRET: Resource = {
    "resourceType": "Condition",
    "id": "secret",
    "code": {"text": MARKER},
    **SUBJECT,
    **labelled("ETH"),
}


def consent(
    status: str = "active", scope: str = "patient-privacy", **provision: object
) -> Resource:
    return {
        "resourceType": "Consent",
        "id": "consent",
        "status": status,
        "scope": {"coding": [{"code": scope}]},
        "provision": provision,
    }


def denial(**provision: object) -> Resource:
    return consent(type="permit", provision=[{"type": "deny", **provision}])


def actor(reference: str) -> list[Resource]:
    return [{"role": {"text": "recipient"}, "reference": {"reference": reference}}]


PERMITTING = {
    "a plain permission": [consent(type="permit")],
    "for the clinic": [consent(type="permit", actor=actor(CLINIC))],
    "for its kind": [consent(type="permit", securityLabel=[{"code": "ETH"}])],
    "to coordinate care": [consent(type="permit", purpose=[{"code": "COC"}])],
    "to disclose": [consent(type="permit", action=[{"coding": [{"code": "disclose"}]}])],
    "for this alone": [
        consent(type="permit", data=[{"reference": {"reference": "Condition/secret"}}])
    ],
    "until today": [consent(type="permit", period={"start": "2026-01-01", "end": "2026-05-04"})],
    "an exception": [consent(type="deny", provision=[{"type": "permit", "actor": actor(CLINIC)}])],
    "by its rule": [consent() | {"policyRule": {"coding": [{"code": "OPTIN"}]}}],
    "a denial of others": [denial(actor=actor("Organization/other"))],
    "a denial of other kinds": [denial(securityLabel=[{"code": "OPIOIDUD"}])],
    "a denial that is over": [denial(period={"end": "2026-05-03"})],
}  # fmt: skip
DENYING = {
    "none": [],
    "no provision": [{k: v for k, v in consent().items() if k != "provision"}],
    "no permission": [consent()],
    "not active": [consent("inactive", type="permit")],
    "of another scope": [consent(scope="adr", type="permit")],
    "for another clinic": [consent(type="permit", actor=actor("Organization/other"))],
    "for other kinds": [consent(type="permit", securityLabel=[{"code": "OPIOIDUD"}])],
    "for marketing": [consent(type="permit", purpose=[{"code": "HMARKT"}])],
    "to collect": [consent(type="permit", action=[{"coding": [{"code": "collect"}]}])],
    "over": [consent(type="permit", period={"end": "2026-05-03"})],
    "not begun": [consent(type="permit", period={"start": "2026-05-05"})],
    "of what nobody can judge": [consent(type="permit", code=[{"text": "notes"}])],
    "denied to the clinic": [denial(actor=actor(CLINIC))],
    "denied for what nobody can judge": [denial(dataPeriod={"start": "2020"})],
    "one permits, one denies": [consent(type="permit"), consent(type="deny")],
}


@pytest.mark.parametrize("name", PERMITTING)
def test_a_consent_permits(name: str) -> None:
    assert Disclosure(PERMITTING[name], CLINIC, READING).permits(SECRET)


@pytest.mark.parametrize("name", DENYING)
def test_without_a_permission_nothing_protected_is_told(name: str) -> None:
    disclosure = Disclosure(DENYING[name], CLINIC, READING)

    assert not disclosure.permits(SECRET)
    assert disclosure.permits(SECRET | labelled("N"))


def test_what_contains_something_protected_is_protected() -> None:
    whole = {"resourceType": "Observation", "id": "o", "contained": [SECRET]}

    assert is_protected(whole)
    assert not is_protected(whole | {"contained": []})


def others(*secrets: Resource) -> list[Resource]:
    """Resources that refer to a secret wherever they can, if there is one."""
    named = [{"reference": f"Condition/{each['id']}", "display": MARKER} for each in secrets]
    open_one = {"reference": "Condition/open", "display": "Anxiety"}
    return [
        {"resourceType": "Patient", "id": "p"},
        {"resourceType": "Condition", "id": "open", "code": {"text": "Anxiety"}, **SUBJECT},
        {
            "resourceType": "Encounter",
            "id": "stay",
            "status": "finished",
            "class": {"code": "IMP"},
            "reasonReference": [open_one, *named],
            "diagnosis": [{"condition": open_one}, *({"condition": each} for each in named)],
            "extension": [{"url": "http://x", "valueReference": each} for each in named],
            **SUBJECT,
        },
        {
            "resourceType": "CarePlan",
            "id": "plan",
            "status": "active",
            "intent": "plan",
            **({"addresses": named} if named else {}),
            **SUBJECT,
        },
        *secrets,
        *({"resourceType": "Flag", "id": "warning", "status": "active", **SUBJECT,
           "code": {"text": MARKER}, "identifier": [
             {"system": CAUSE, "value": f"Condition/{each['id']}/1/alert"}]}
          for each in secrets),
        *({"resourceType": "Observation", "id": "derived", "status": "final", **SUBJECT,
           "code": {"text": MARKER}, "derivedFrom": named} for each in named[:1]),
    ]  # fmt: skip


def test_a_packet_is_the_same_as_if_what_is_withheld_were_not_there() -> None:
    without = cleared(others(), lambda each: not is_protected(each), READING.bases)
    cut = cleared(others(SECRET), lambda each: not is_protected(each), READING.bases)

    assert MARKER not in write({"all": cut}).decode()
    assert write({"all": cut}) == write({"all": without})
    for each in cut:
        assert [i for i in validate(each) if i.severity == "error"] == []
    told = cleared(others(SECRET), lambda _: True, READING.bases)
    assert write({"all": told}).decode().count(MARKER) > 3


def test_what_lost_a_reference_loses_its_narrative() -> None:
    text = {"text": {"status": "generated", "div": f"<div>{MARKER}</div>"}}
    plan = others(SECRET)[3] | text
    [cut] = cleared([plan, SECRET], lambda each: not is_protected(each), READING.bases)
    [kept, _] = cleared([plan, SECRET], lambda _: True, READING.bases)

    assert "text" not in cut
    assert kept == plan


def test_what_cannot_do_without_goes_too() -> None:
    flag = {"resourceType": "Flag", "id": "f", "status": "active", "code": {"text": "x"}}
    flag |= {"subject": {"reference": "Group/g"}}
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True, **labelled("R")}

    assert cleared([flag, group], lambda each: not is_protected(each), READING.bases) == []
    assert cleared([flag, group], lambda _: True, READING.bases) == [flag, group]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([], ["N"]),
        (["N", "BH"], ["N", "BH"]),
        (["ETH"], ["R", "ETH", "NORDSCLCD"]),
        (["R"], ["R", "NORDSCLCD"]),
        (["V", "N", "42CFRPart2"], ["V", "42CFRPart2", "NORDSCLCD"]),
    ],
)
def test_a_document_carries_the_labels_of_all_that_is_in_it(
    labels: list[str], expected: list[str]
) -> None:
    found = [each["code"] for each in labels_of([SECRET | labelled(*labels), {}])]

    assert (found[0], sorted(found[1:])) == (expected[0], sorted(expected[1:]))
