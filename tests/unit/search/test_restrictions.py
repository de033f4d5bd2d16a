"""Reading the names of chains and `_has`."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.parse import parse
from shared.fhir.search.query import Chain, Criterion, Has, Missing, Restriction

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(resource_type: str, name: str, text: str = "x") -> Restriction:
    (found,) = parse(resource_type, [(name, text)], zone=UTC, now=NOW).criteria
    return found


def outline(found: Restriction) -> str:
    """Write a restriction as if every type had been named."""
    match found:
        case Chain():
            code = found.parameter.code
            return " ".join(f"{code}:{name}.{outline(each)}" for name, each in found.targets)
        case Has():
            return f"_has:{found.type}:{found.parameter.code}:{outline(found.criterion)}"
        case Missing():
            return f"{found.parameter.code}:missing"
        case Criterion():
            return ":".join(filter(None, (found.parameter.code, found.modifier)))
    raise AssertionError(found)


@pytest.mark.parametrize(
    ("resource_type", "name", "means"),
    [
        ("Observation", "subject:Patient.name", "subject:Patient.name"),
        ("Observation", "subject:Patient.name:exact", "subject:Patient.name:exact"),
        ("Observation", "subject.name", "subject:Location.name subject:Patient.name"),
        ("Observation", "subject.gender", "subject:Patient.gender"),
        ("Observation", "subject.gender:not", "subject:Patient.gender:not"),
        (
            "Observation", "subject:Patient.organization:Organization.partof.name",
            "subject:Patient.organization:Organization.partof:Organization.name",
        ),
        ("Patient", "_has:Observation:patient:code", "_has:Observation:patient:code"),
        ("Patient", "_has:Observation:patient:code:not", "_has:Observation:patient:code:not"),
        (
            "Patient", "_has:Observation:patient:_has:Provenance:target:_id",
            "_has:Observation:patient:_has:Provenance:target:_id",
        ),
        (
            "Observation", "subject:Patient._has:Encounter:patient:status",
            "subject:Patient._has:Encounter:patient:status",
        ),
        (
            "Patient", "_has:Encounter:patient:location.name",
            "_has:Encounter:patient:location:Location.name",
        ),
        (
            "Patient", "_has:Encounter:patient:location:Location.organization.name:exact",
            "_has:Encounter:patient:location:Location.organization:Organization.name:exact",
        ),
    ],
)  # fmt: skip
def test_a_name_leads_from_type_to_type(resource_type: str, name: str, means: str) -> None:
    assert outline(read(resource_type, name)) == means


def test_the_last_part_is_read_by_its_own_type() -> None:
    for name, text in (
        ("subject:Patient.birthdate", "ge1980"),
        ("subject:Patient.name:missing", "true"),
        ("subject:Patient.organization", "Organization/1,2"),
    ):
        assert isinstance(read("Observation", name, text), Chain)
    for name, text in (
        ("subject:Patient.birthdate", "soon"),
        ("subject:Patient.name:missing", "perhaps"),
        ("_has:Provenance:target:recorded", "soon"),
    ):
        with pytest.raises(InvalidSearch):
            read("Observation", name, text)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("subject:Patient.nam", "no search parameter 'nam'; valid for Patient are"),
        ("subject.nam", "No type that 'subject' refers to has 'nam'; valid are, for Device: _id"),
        ("subject:Patient.", "no search parameter ''; valid for Patient are"),
        ("subject:Patient.name:exactly", "no modifier ':exactly' here; valid for 'name' are"),
        ("subject.name:exactly", "no modifier ':exactly' here; valid for 'name' are"),
        ("subject:Practitioner.name", "does not refer to 'Practitioner'; valid are Device"),
        ("subject:.name", "does not refer to ''; valid are"),
        ("subject:missing.name", "does not refer to 'missing'"),
        ("sub.name", "no reference 'sub'; valid for Observation are"),
        ("code.name", "'code' is no reference; valid for Observation are"),
        ("subject:Patient.gender.name", "'gender' is no reference; valid for Patient are"),
        ("focus.nonsense", "name the type, as in 'focus:Account'"),
        ("has-member." * 3 + "code", None),
        ("has-member." * 4 + "code", "at most 3 references"),
        ("_has:Observation:has-member:" * 3 + "code", None),
        ("_has:Observation:has-member:" * 4 + "code", "at most 3 references, and 3 of _has"),
        ("_has:Observation:has-member:" * 3 + "has-member." * 3 + "code", None),
        ("_has", "_has needs a type, a reference of it, and a parameter"),
        ("_has:Observation", "_has needs a type"),
        ("_has:Observation:has-member", "_has needs a type"),
        ("_has:Observation:has-member:", "_has needs a type"),
        ("_has:Observation::code", "_has needs a type"),
        ("_has:Nothing:subject:code", "no resource type 'Nothing'"),
        ("_has:Encounter:nothing:status", "no reference 'nothing'; valid for Encounter are"),
        ("_has:Encounter:status:status", "'status' is no reference"),
        ("_has:Encounter:location:status", "'location' of Encounter does not refer to Observation"),
        ("_has:Provenance:target:cod", "no search parameter 'cod'; valid for Provenance are"),
        ("_has.code", "no reference '_has'"),
        ("focus.focus.focus._id", "at most 100 types; name one"),
        ("focus._id", "at most 100 types; name one"),
    ],
)
def test_what_is_not_valid_is_refused_with_what_is(name: str, said: str | None) -> None:
    if said is None:
        assert outline(read("Observation", name))
        return
    with pytest.raises(InvalidSearch, match=said):
        read("Observation", name)


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        ("QuestionnaireResponse", "questionnaire:Patient.name"),
        ("Patient", "_has:Library:depends-on:status"),
        ("AuditEvent", "action.name"),
        ("AuditEvent", "_has:Provenance:target:recorded"),
        ("Patient", "_has:AuditEvent:patient:nonsense"),
        ("Encounter", "_has:AuditEvent:patient:date"),
        ("Observation", "subject:Patient._text"),
    ],
)
def test_what_cannot_be_followed_is_said_so(resource_type: str, name: str) -> None:
    with pytest.raises((NotSupported, InvalidSearch)):
        read(resource_type, name)


def test_a_lenient_search_skips_a_chain_that_is_not_valid() -> None:
    pairs = [("subject.nam", "x"), ("_has:Encounter", "x"), ("subject.name", "x")]
    query = parse("Observation", pairs, zone=UTC, now=NOW, lenient=True)
    assert query.used == (("subject.name", "x"),)
    assert len(query.issues) == 2


@given(st.lists(st.sampled_from(
    ("subject", "focus", "target", "_has", ":", ".", ":Patient", ":Observation", "name", "code")
), max_size=9).map("".join))  # fmt: skip
def test_any_name_is_read_or_refused(name: str) -> None:
    with suppress(InvalidSearch, NotSupported):
        read("Observation", name)
