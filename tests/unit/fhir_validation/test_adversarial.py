"""Hostile input costs no more than its size, and ends in issues, never in a failure."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.validation import validate
from tests.unit.fhir_validation.resources import DIV, EXTENSION, PATIENT, damaged

MEBIBYTE = 1_048_576


def test_a_hundred_thousand_faults_end_at_the_limit_and_say_so() -> None:
    resource = {"resourceType": "Patient", **{f"x{number}": 1 for number in range(100_000)}}

    issues = validate(resource)
    assert len(issues) == 101
    assert issues[-1].code == "too-costly"
    assert len(validate(resource, limit=7)) == 8


@pytest.mark.parametrize("place", ["name.0.given", "name", "contained"])
def test_a_hundred_thousand_faults_in_an_array_end_at_the_limit(place: str) -> None:
    issues = validate(damaged(PATIENT, place, [7] * 100_000))

    assert len(issues) == 101


def test_faults_below_the_limit_are_all_told_without_the_last_line() -> None:
    issues = validate(
        damaged(PATIENT, "communication.0.language.coding", [{"userSelected": 1}] * 99)
    )

    assert len(issues) == 99
    assert {issue.code for issue in issues} == {"structure"}


def test_nulls_with_twins_hide_no_fault_behind_them() -> None:
    name = {
        "given": [*[None] * 1_000, 7],
        "_given": [*[{"extension": [EXTENSION]}] * 1_000, None],
    }

    (issue,) = validate(damaged(PATIENT, "name", [name]))
    assert issue.expression == "Patient.name[0].given[1000]"


def test_a_hundred_thousand_nulls_end_at_the_limit() -> None:
    nulls = [None] * 100_000

    assert len(validate(damaged(PATIENT, "name", [{"given": nulls}]))) == 101
    assert len(validate(damaged(PATIENT, "name", [{"given": nulls, "_given": nulls}]))) == 101
    assert len(validate(damaged(PATIENT, "name", [{"_given": nulls}]))) == 1
    hollow: list[Any] = [{"extension": []}] * 100_000
    assert len(validate(damaged(PATIENT, "name", [{"given": nulls, "_given": hollow}]))) == 101


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("photo.0.data", "AAAA " * 200_000 + "!"),
        ("telecom.0.value", "\x01" * MEBIBYTE),
        ("meta.lastUpdated", "2026-03-01T09:00:00." + "0" * 1_000_000),
        ("birthDate", "2" * MEBIBYTE),
        ("extension.0.extension.1.valueCode", "a " * 500_000),
        ("extension.0.extension.1.valueCode", "a" * 1_000_000 + " "),
        ("photo.0.contentType", "a/" + "b" * 1_000_000 + "\n"),
        ("text.div", "<div" * 200_000),
        ("text.div", "&" * MEBIBYTE),
        ("id", "x" * MEBIBYTE),
    ],
)
def test_no_expression_can_be_made_to_backtrack(place: str, value: str) -> None:
    assert len(validate(damaged(PATIENT, place, value))) == 1


@pytest.mark.parametrize("step", ["/Patient", "/A", "/Patient/1/_history", "/PPPPPPPPPPPPPPPP"])
def test_a_long_reference_to_nowhere_in_particular_is_only_read(step: str) -> None:
    far = "http://example.org" + step * 50_000 + "/ "

    assert validate(damaged(PATIENT, "generalPractitioner", [{"reference": far}])) == []


def test_fifty_thousand_nested_elements_of_narrative_are_read() -> None:
    depth = 50_000

    def narrative(inner: str) -> str:
        return DIV.replace("<b>person</b>", inner)

    nested = narrative("<b>" * depth + "</b>" * depth)
    assert validate(damaged(PATIENT, "text.div", nested)) == []
    assert validate(damaged(PATIENT, "text.div", narrative("<b>" * depth))) != []


def test_an_entity_bomb_is_refused_before_it_grows() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE div [<!ENTITY l0 "lol">{levels}]>' + DIV.replace("person", "&l9;")

    (issue,) = validate(damaged(PATIENT, "text.div", bomb))
    assert issue.expression == "Patient.text.div"


def test_extensions_as_deep_as_a_body_may_nest_are_valid_to_the_bottom() -> None:
    def nested(innermost: dict[str, Any]) -> dict[str, Any]:
        extension = innermost
        for _ in range(60):
            extension = {"url": "urn:a", "extension": [extension]}
        return damaged(PATIENT, "extension", [extension])

    assert validate(nested({"url": "a", "valueCode": "b"})) == []
    (issue,) = validate(nested({"url": "a", "valueCode": " "}))
    assert issue.expression == "Patient" + ".extension[0]" * 61 + ".value"


@pytest.mark.parametrize("text", ["a\u00a0b", "a\u2028b", "a\u0085b", "😀", "\ud83d"])
def test_odd_characters_are_no_control_characters(text: str) -> None:
    assert validate(damaged(PATIENT, "telecom.0.value", text)) == []
