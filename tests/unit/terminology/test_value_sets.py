"""A value set holds what it is composed of, and what cannot be known is never said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.terminology import CannotTell, Code, expand, holds
from tests.unit.terminology.colours import (
    ALL,
    UNKNOWN,
    URL,
    composed,
    filtered,
    held,
    listed,
    whole,
)

BLUES = composed(filtered("is-a", "blue"), url="http://test.example/blues")


def codes(value_set: dict[str, Any], *others: dict[str, Any]) -> list[str]:
    return [each.code for each in expand(held(*others), value_set)]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (whole(), ALL),
        (listed("blue", "red"), ["blue", "red"]),
        (filtered("is-a", "red"), ["red", "crimson", "madder"]),
        (filtered("descendent-of", "red"), ["crimson", "madder"]),
        (filtered("is-a", "blue"), ["blue", "sky"]),
        (filtered("is-not-a", "red"), ["any", "blue", "sky"]),
        (filtered("in", "red, sky"), ["red", "sky"]),
        (filtered("in", "red,sky", "code"), ["red", "sky"]),
        (filtered("not-in", "red,sky"), ["any", "crimson", "madder", "blue"]),
        (filtered("=", "warm", "warmth"), ["red", "crimson", "madder"]),
        (filtered("=", "2020", "since"), []),
        (filtered("=", "any", "parent"), ["red", "blue"]),
        (filtered("=", "sky", "child"), ["blue"]),
        (filtered("=", "Blue", "display"), ["blue"]),
        (filtered("=", "true", "notSelectable"), ["any"]),
        (filtered("=", "false", "inactive"), ALL),
    ],
)
def test_a_part_selects_its_concepts(part: dict[str, Any], expected: list[str]) -> None:
    assert codes(composed(part)) == expected


def test_parts_are_added_and_taken_away() -> None:
    assert codes(composed(listed("sky"), whole())) == ["sky", *(c for c in ALL if c != "sky")]
    value_set = composed(whole(), exclude=[filtered("is-a", "red"), listed("any")])
    assert codes(value_set) == ["blue", "sky"]
    assert codes(composed(filtered("is-a", "red"), inactive=False)) == ["red", "crimson"]


def test_what_is_imported_is_shared_with_the_parts_own_system() -> None:
    both = composed({"valueSet": [BLUES["url"]], **listed("sky", "red")})
    assert codes(both, BLUES) == ["sky"]
    assert codes(composed({"valueSet": [BLUES["url"]]}, listed("red")), BLUES) == [
        "blue",
        "sky",
        "red",
    ]


@pytest.mark.parametrize(
    "part",
    [
        whole(UNKNOWN),
        {"valueSet": [UNKNOWN]},
        filtered("regex", ".*", "code"),
        filtered("is-a", "nothing"),
        filtered("is-a", "red", "warmth"),
        filtered("=", "x", "taste"),
    ],
)
def test_what_is_not_held_is_not_told(part: dict[str, Any]) -> None:
    value_set = composed(listed("red"), part)
    with pytest.raises(CannotTell):
        codes(value_set)
    # What another part decides is decided.
    assert holds(held(), value_set, Code(URL, "red")) is True
    with pytest.raises(CannotTell):
        holds(held(), value_set, Code(part.get("system", URL), "blue"))


def test_a_code_of_another_system_is_told_although_a_part_is_not_held() -> None:
    value_set = composed(whole(UNKNOWN), listed("red"))
    assert holds(held(), value_set, Code(URL, "blue")) is False


def test_what_is_excluded_for_sure_is_out_whatever_else_is_unknown() -> None:
    value_set = composed(whole(UNKNOWN), exclude=[listed("x", system=UNKNOWN)])
    assert holds(held(), value_set, Code(UNKNOWN, "x")) is False
    with pytest.raises(CannotTell):
        holds(held(), value_set, Code(UNKNOWN, "y"))


def test_a_fragment_tells_what_it_has_and_nothing_else() -> None:
    fragment = held(content="fragment")
    assert holds(fragment, composed(whole()), Code(URL, "red")) is True
    for part in (whole(), filtered("is-a", "any")):
        with pytest.raises(CannotTell):
            holds(fragment, composed(part), Code(URL, "pink"))
        with pytest.raises(CannotTell):
            expand(fragment, composed(part))


def test_a_circle_of_imports_ends() -> None:
    one = composed({"valueSet": ["http://test.example/two"]}, url="http://test.example/one")
    two = composed({"valueSet": ["http://test.example/one"]}, url="http://test.example/two")
    for ask in (lambda: codes(one, one, two), lambda: holds(held(one, two), one, Code(URL, "red"))):
        with pytest.raises(CannotTell):
            ask()


def test_a_hierarchy_of_parts_is_no_hierarchy_of_kinds() -> None:
    with pytest.raises(CannotTell):
        expand(held(hierarchyMeaning="part-of"), composed(filtered("is-a", "red")))


def test_a_value_set_without_a_composition_tells_nothing() -> None:
    empty = {"resourceType": "ValueSet", "status": "active"}
    with pytest.raises(CannotTell):
        codes(empty)
    with pytest.raises(CannotTell):
        holds(held(), empty, Code(URL, "red"))


def test_the_case_of_a_code_matters_unless_its_system_says_otherwise() -> None:
    for value_set in (composed(whole()), composed(listed("red"))):
        assert holds(held(), value_set, Code(URL, "RED")) is False
        assert holds(held(caseSensitive=False), value_set, Code(URL, "RED")) is True


def test_members_answer_to_the_beginnings_of_their_words() -> None:
    members = {each.code: each for each in expand(held(), composed(whole()))}
    assert [code for code in ALL if members[code].answers_to("red")] == ["red", "crimson"]
    assert members["crimson"].answers_to("RED crim")
    assert members["red"].answers_to("rot")
    assert not members["red"].answers_to("crim")


PARTS = st.sampled_from(
    [
        whole(),
        whole(UNKNOWN),
        listed("red", "sky"),
        listed("red", system=UNKNOWN),
        filtered("is-a", "red"),
        filtered("descendent-of", "any"),
        filtered("in", "sky,blue"),
        {"valueSet": [BLUES["url"]]},
        {"valueSet": [BLUES["url"]], **listed("sky", "red")},
    ]
)


@given(
    include=st.lists(PARTS, min_size=1, max_size=4),
    exclude=st.lists(PARTS, max_size=3),
    inactive=st.booleans(),
)
def test_a_code_is_held_exactly_when_it_is_listed(
    *, include: list[dict[str, Any]], exclude: list[dict[str, Any]], inactive: bool
) -> None:
    elements: dict[str, Any] = {"inactive": inactive} | ({"exclude": exclude} if exclude else {})
    value_set = composed(*include, **elements)
    holdings = held(BLUES)
    try:
        members = {each.code for each in expand(holdings, value_set) if each.system == URL}
    except CannotTell:
        return
    assert members == {code for code in ALL if holds(holdings, value_set, Code(URL, code))}
