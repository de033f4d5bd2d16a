"""Whom a notice is about: identifiers tell, contradictions are doubted, and names tell nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake_api.domain.notice.answer import answer
from services.intake_api.domain.notice.faults import read_notice
from services.intake_api.domain.notice.identity import (
    Doubt,
    doubt,
    identities,
    is_same_person,
    of_another,
)
from services.intake_api.domain.notice.review import (
    asked_again,
    decided_person,
    review,
    review_id,
    settled,
)
from services.intake_api.notices.matching import conditions
from shared.fhir.validation import validate
from tests.notices import ENDPOINT, ILLNESS, PATIENT, identifier, notice

AT = "2026-03-05T10:00:00.000Z"


def a_person(*values: str, born: str | None = "1980-05-04") -> dict[str, Any]:
    known = {"resourceType": "Patient", "identifier": [identifier(*v.split(":")) for v in values]}
    return known | ({"birthDate": born} if born else {})


@pytest.mark.parametrize(
    ("known", "is_clear"),
    [
        (a_person("mrn:1"), True),
        (a_person("mrn:1", "mrn:2"), True),
        (a_person("mrn:1", "ssn:9"), True),
        (a_person("mrn:1", born=None), True),
        (a_person("mrn:1", born="1980"), True),
        (a_person("mrn:1", born="1980-05"), True),
        (a_person("mrn:1", born="1980-05-05"), False),
        (a_person("mrn:1", born="1981"), False),
    ],
)
def test_one_who_shares_an_identifier_is_meant_unless_the_birth_date_contradicts(
    known: dict[str, Any], *, is_clear: bool
) -> None:
    found = doubt(a_person("mrn:1"), {"Patient/7": known})

    assert (found is None) == is_clear
    assert is_clear or found == Doubt("its birth date contradicts what is known", ("Patient/7",))


def test_identifiers_of_one_system_that_differ_contradict() -> None:
    told = a_person("ssn:9", "mrn:1")

    assert doubt(told, {"Patient/7": a_person("ssn:9", "mrn:2")}) is not None
    assert doubt(told, {"Patient/7": a_person("ssn:9", "mrn:2", "mrn:1")}) is None


def test_several_people_with_its_identifiers_are_for_a_person_to_decide() -> None:
    known = {"Patient/8": a_person("mrn:1"), "Patient/7": a_person("mrn:1")}

    found = doubt(a_person("mrn:1"), known)

    assert found is not None
    assert found.candidates == ("Patient/7", "Patient/8")


def test_nobody_known_is_no_doubt() -> None:
    assert doubt(a_person("mrn:1"), {}) is None


def test_a_stay_belongs_to_one_person() -> None:
    assert of_another("Encounter/1", None, "Patient/7") is None
    assert of_another("Encounter/1", "Patient/7", "Patient/7") is None

    another = of_another("Encounter/1", "Patient/7", "Patient/8")
    unknown = of_another("Encounter/1", "Patient/7", None)

    assert another is not None
    assert another.candidates == ("Patient/7", "Patient/8")
    assert unknown is not None
    assert unknown.candidates == ("Patient/7",)


def test_an_earlier_notice_of_the_stay_in_the_same_terms_is_of_the_same_person() -> None:
    told = a_person("mrn:1")

    assert is_same_person(told, [a_person("mrn:2"), told | {"gender": "female"}])
    assert not is_same_person(told, [a_person("mrn:1", born="1980")])
    assert not is_same_person(told, [])


def test_what_has_no_identifier_is_known_by_its_id_at_the_sender() -> None:
    found = identities(read_notice(notice()))[ILLNESS]
    elsewhere = identities(
        read_notice(notice(MessageHeader={"source": {"endpoint": "https://other.example"}}))
    )[ILLNESS]

    assert found.address == f"{ENDPOINT}|Condition/illness-1"
    assert found.reference != elsewhere.reference


@given(st.permutations([identifier("mrn", "1"), identifier("ssn", "9"), identifier("a", "b")]))
def test_the_order_of_identifiers_does_not_matter(order: list[dict[str, Any]]) -> None:
    found = identities(read_notice(notice(Patient={"identifier": order})))[PATIENT]
    plain = identities(read_notice(notice(Patient={"identifier": sorted(order, key=str)})))[PATIENT]

    assert found.reference == plain.reference
    assert sorted(conditions(found)) == sorted(conditions(plain))


def test_separators_in_an_identifier_do_not_part_it() -> None:
    odd = [{"system": "urn:a,b", "value": r"1|2$3\4"}]
    found = identities(read_notice(notice(Patient={"identifier": odd})))[PATIENT]

    assert conditions(found) == [
        f"Patient?{[('identifier', 'urn:a' + chr(92) + ',b|' + told)]}" for told in [r"1\|2\$3\\4"]
    ]


def test_a_review_names_the_message_and_who_may_be_meant_and_is_settled_by_one() -> None:
    about = read_notice(notice())
    task = review(about, Doubt("several people", ("Patient/7", "Patient/8")))
    done = settled(task, "Patient/8")

    assert validate(task) == validate(done) == validate(asked_again(done, AT)) == []
    assert task["id"] == review_id(about)
    assert [each["valueReference"]["reference"] for each in task["input"]] == [
        "Patient/7",
        "Patient/8",
    ]
    assert decided_person(task) is None
    assert decided_person(done) == "Patient/8"
    assert decided_person(asked_again(done, AT)) is None
    assert decided_person(done | {"output": []}) is None
    assert decided_person(done | {"code": {"text": "Identity review"}}) is None


def test_the_answer_names_the_message_and_is_the_same_again() -> None:
    about = read_notice(notice())
    told = answer(about, "https://here.example/fhir", "2026-03-02T16:00:01.000Z")
    header = told["entry"][0]["resource"]

    assert validate(told) == []
    assert header["response"] == {"identifier": "discharge-1", "code": "ok"}
    assert header["destination"] == [{"endpoint": ENDPOINT}]
    assert told == answer(about, "https://here.example/fhir", "2026-03-02T16:00:01.000Z")
