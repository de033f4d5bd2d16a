"""Which searches ask for codes that may be written in another case, and what they ask then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from shared.fhir.search.code_case import asks_for_letters, in_any_case
from shared.fhir.search.parse import parse
from shared.fhir.search.query import Criterion

if TYPE_CHECKING:
    from shared.fhir.search.query import Query

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def read(asked: str) -> Query:
    resource_type, _, pair = asked.partition("?")
    name, _, text = pair.partition("=")
    return parse(resource_type, [(name, text)], zone=UTC, now=NOW)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Observation?code=low", True),
        ("Observation?code=http://a.example|Low", True),
        ("Observation?code:not=low", True),
        ("Observation?combo-code-value-quantity=low$5", True),
        ("Patient?_has:Observation:patient:code=low", True),
        ("Encounter?subject:Patient.language=de", True),
        ("Observation?code=8302-2", False),
        ("Observation?code=http://a.example|", False),
        ("Patient?identifier=mrn", False),
        ("Patient?gender=male", False),
        ("Patient?name=low", False),
        ("Observation?subject:Patient.identifier=mrn", False),
    ],
)
def test_only_codes_of_concepts_with_letters_are_asked_for(asked: str, *, expected: bool) -> None:
    assert asks_for_letters(read(asked)) is expected


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Observation?code=Low", ("http://a.example", "http://b.example")),
        ("Observation?code=http://a.example|Low", ("http://a.example",)),
        ("Observation?code=http://c.example|Low", ()),
        ("Observation?code=|Low", ()),
    ],
)
def test_a_code_is_meant_in_any_case_by_the_systems_that_it_may_be_of(
    asked: str, meant: tuple[str, ...]
) -> None:
    [found] = in_any_case(read(asked), ["http://a.example", "http://b.example"]).criteria
    assert isinstance(found, Criterion)
    [value] = found.values
    assert getattr(value, "any_case", None) == meant
