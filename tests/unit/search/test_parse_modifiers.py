"""Reading what the modifiers of tokens and uris take."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.fhir.definitions.terminology import _lines, defined_code_system
from shared.fhir.errors import InvalidSearch
from shared.fhir.search.index import index
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.parse import parse
from shared.fhir.search.query import Criterion
from shared.fhir.search.values import Concepts, Text, TypedIdentifier, Uri, UriPart, Value

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def value(resource_type: str, name: str, text: str) -> Value:
    (criterion,) = parse(resource_type, [(name, text)], zone=UTC, now=NOW).criteria
    assert isinstance(criterion, Criterion)
    (found,) = criterion.values
    return found


@pytest.mark.parametrize(
    ("resource_type", "name", "text", "expected"),
    [
        ("Observation", "code:text", "Blood Pr", Text("blood pr", "Blood Pr")),
        ("Observation", "code:in", "http://v.example/x|2", Concepts("in", "http://v.example/x|2")),
        ("Observation", "code:not-in", "ValueSet/7", Concepts("not-in", "ValueSet/7")),
        ("Observation", "code:above", "http://c|1", Concepts("above", "http://c", "1")),
        ("Observation", "status:below", "http://c|1", Concepts("below", "http://c", "1")),
        ("Patient", "identifier:of-type", r"x:t|MR|1\|2", TypedIdentifier("x:t", "MR", "1|2")),
        ("Patient", "identifier:of-type", "x:t|M R|1  2", TypedIdentifier("x:t", "M R", "1  2")),
        ("ValueSet", "url:below", "http://a.example/x/", UriPart("http://a.example/x")),
        ("ValueSet", "url:contains", "example/", UriPart("example/")),
        (
            "ValueSet",
            "url:above",
            "http://a.example/x",
            Uri("http://a.example/x", ("http://a.example", "http://a.example/", "http://a.example/x/")),
        ),
    ],
)  # fmt: skip
def test_a_modifier_says_how_its_value_is_read(
    resource_type: str, name: str, text: str, expected: Value
) -> None:
    assert value(resource_type, name, text) == expected


@pytest.mark.parametrize(
    ("resource_type", "name", "text", "reason"),
    [
        ("Observation", "code:text", "!?", "neither letters nor digits"),
        ("Observation", "code:above", "1", "a code with its system"),
        ("Observation", "code:below", "http://c|", "a code with its system"),
        ("Observation", "code:below", "http://c|1|2", "a code with its system"),
        ("Patient", "identifier:of-type", "MR|1", "all three"),
        ("Patient", "identifier:of-type", "http://t||1", "all three"),
        ("Patient", "identifier:of-type", "http://t|MR|1|2", "all three"),
        ("Patient", "identifier:of-type", "http://t MR|A|1", "A system holds no space"),
        ("Patient", "identifier:of-type", "http://t|MR  A|1", "no two on end"),
        ("Patient", "identifier:in", "http://v", "There is no modifier ':in'"),
        ("Patient", "active:text", "true", "There is no modifier ':text'"),
        ("Patient", "phone:of-type", "a|b|c", "There is no modifier ':of-type'"),
        ("Patient", "active", "http://x|true", "no system"),
        ("Patient", "phone", "http://x|1", "no system"),
        ("ValueSet", "url:above", "urn:oid:1.2.3", "a url"),
        ("ValueSet", "url:below", "urn:oid:1.2", "a url"),
        ("ValueSet", "url:contains", "x" * 201, "longer than 200"),
        ("ValueSet", "url:above", "http://a.example" + "/x" * 51, "at most 50 steps"),
    ],
)
def test_what_a_modifier_does_not_take_is_refused(
    resource_type: str, name: str, text: str, reason: str
) -> None:
    with pytest.raises(InvalidSearch, match=reason):
        value(resource_type, name, text)


def test_what_a_code_is_called_stands_once_in_the_vocabulary() -> None:
    coding = {"system": "http://c", "code": "1", "display": "Blood-Pressure"}
    resource = {
        "resourceType": "Condition",
        "id": "x",
        "subject": {"reference": "Patient/1"},
        "code": {"text": "blood pressure", "coding": [coding]},
        "severity": {"coding": [{"code": "2"}]},
    }
    number = served_parameters("Condition")["code"].number
    found = index(resource)
    assert (number, "bloodpressure") in found.texts
    assert (number, "blood pressure") in found.texts
    assert f"{number}x blood pressure" in found.terms
    assert not found.strings


def test_no_code_system_of_r4_says_that_case_does_not_matter() -> None:
    systems = [defined_code_system(url) for url in _lines("code_systems.json")]
    assert systems
    assert all(each is not None and each.get("caseSensitive", True) for each in systems)
