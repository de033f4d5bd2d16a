"""Reading `_include` and `_revinclude`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.includes import includes_of, reverse_includes_of
from shared.fhir.search.parse import parse

if TYPE_CHECKING:
    from shared.fhir.search.query import Query

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(resource_type: str, *pairs: tuple[str, str], lenient: bool = False) -> Query:
    return parse(resource_type, pairs, zone=UTC, now=NOW, lenient=lenient)


@pytest.mark.parametrize(
    ("name", "text", "targets", "iterate"),
    [
        ("_include", "Observation:subject:Patient", ("Patient",), False),
        ("_include", "Observation:encounter", ("Encounter", "EpisodeOfCare"), False),
        ("_include:iterate", "Patient:organization", ("Organization",), True),
        ("_revinclude", "Provenance:target:Observation", ("Observation",), False),
        ("_revinclude:iterate", "Encounter:patient:Patient", ("Patient",), True),
    ],
)
def test_an_include_names_a_reference_and_maybe_its_type(
    name: str, text: str, targets: tuple[str, ...], *, iterate: bool
) -> None:
    (include,) = read("Observation", (name, text)).includes
    assert f"{include.source}:{include.parameter.code}" == ":".join(text.split(":")[:2])
    assert (include.targets, include.iterate) == (targets, iterate)
    assert include.is_reverse == name.startswith("_rev")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("_include", "", "needs a type and a reference of it, as in 'Observation:subject:Patient'"),
        ("_include", "Observation", "needs a type and a reference"),
        ("_include", "Observation:", "needs a type and a reference"),
        ("_include", "Observation:subject:", "needs a type and a reference"),
        ("_include", "Observation:subject:Patient:x", "needs a type and a reference"),
        ("_revinclude", "Provenance", "as in 'Provenance:target'"),
        ("_include:recurse", "Observation:subject", "no modifier ':recurse' here; valid is"),
        ("_include", "Nothing:subject", "no resource type 'Nothing'"),
        ("_include", "Observation:nothing", "no reference 'nothing'; valid for Observation are"),
        ("_include", "Observation:code", "'code' is no reference; valid for Observation are"),
        ("_include", "Observation:subject:Encounter", "does not refer to 'Encounter'; valid are"),
        ("_include", "Patient:organization", "begins at the matches, as in 'Observation:"),
        ("_revinclude", "Observation:subject", "leads to the matches, which 'subject' of"),
        ("_revinclude", "Provenance:target:Patient", "leads to the matches"),
    ],
)
def test_what_is_not_valid_is_refused_with_what_is(name: str, text: str, said: str) -> None:
    with pytest.raises(InvalidSearch, match=said):
        read("Observation", (name, text))


@pytest.mark.parametrize(
    ("resource_type", "name", "text"),
    [
        ("Observation", "_include", "*"),
        ("Observation", "_include", "Observation:*"),
        ("Observation", "_revinclude", "*"),
        ("AuditEvent", "_revinclude", "Provenance:target"),
    ],
)
def test_what_cannot_be_followed_is_said_so(resource_type: str, name: str, text: str) -> None:
    with pytest.raises(NotSupported):
        read(resource_type, (name, text))


def test_no_include_goes_with_texts_alone() -> None:
    include = ("_include", "Observation:subject")
    assert read("Observation", include, ("_summary", "data")).includes
    with pytest.raises(InvalidSearch, match="_summary=text"):
        read("Observation", include, ("_summary", "text"))


def test_a_lenient_search_skips_an_include_that_is_not_valid() -> None:
    query = read("Patient", ("_include", "*"), ("_revinclude", "Provenance:target"), lenient=True)
    assert [each.source for each in query.includes] == ["Provenance"]
    assert query.used == (("_revinclude", "Provenance:target"),)
    assert len(query.issues) == 1


def test_whatever_is_named_as_served_is_read() -> None:
    for resource_type in ("Patient", "Observation", "Provenance", "AuditEvent", "Questionnaire"):
        for text in includes_of(resource_type):
            assert read(resource_type, ("_include", text)).includes
        for text in reverse_includes_of(resource_type):
            assert read(resource_type, ("_revinclude", text)).includes
    assert "Observation:subject" in includes_of("Observation")
    assert "Provenance:target" in reverse_includes_of("Patient")
    assert "AuditEvent:patient" in reverse_includes_of("Patient")
    assert "AuditEvent:patient" not in reverse_includes_of("Patient", with_views=False)
    assert reverse_includes_of("AuditEvent") == ["AuditEvent:entity"]
    assert "AuditEvent:patient" in includes_of("AuditEvent")


def test_canonical_addresses_lead_to_definitions_only() -> None:
    assert "QuestionnaireResponse:questionnaire" in includes_of("QuestionnaireResponse")
    assert "QuestionnaireResponse:questionnaire" in reverse_includes_of("Questionnaire")
    assert "Library:depends-on" in reverse_includes_of("ValueSet")
    for other in ("Patient", "Device", "Subscription"):
        assert "Library:depends-on" not in reverse_includes_of(other)
        with pytest.raises(
            InvalidSearch, match=f"'depends-on' of Library does not refer to '{other}'"
        ):
            read("Library", ("_include", f"Library:depends-on:{other}"))
