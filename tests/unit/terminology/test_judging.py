"""A coded value is in a value set, is not, or nobody here can tell."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.terminology import is_in
from tests.unit.terminology.colours import UNKNOWN, URL, composed, filtered, held, listed, whole

REDS = composed(filtered("is-a", "red"), url="http://test.example/reds")
MORE = composed({"valueSet": [REDS["url"]]}, listed("sky"), url="http://test.example/more")
VAGUE = composed(listed("red"), whole(UNKNOWN), url="http://test.example/vague")


def coding(code: str, system: str = URL) -> dict[str, Any]:
    return {"system": system, "code": code}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("crimson", True),
        ("blue", False),
        (coding("crimson"), True),
        (coding("crimson", UNKNOWN), False),
        ({"code": "crimson"}, False),
        ({"coding": [coding("blue"), coding("sky")]}, True),
        ({"coding": [coding("blue")]}, False),
        ({"text": "crimson"}, False),
    ],
)
def test_a_value_is_judged_by_its_codes(value: object, *, expected: bool) -> None:
    assert is_in(held(REDS, MORE), value, MORE["url"]) is expected


def test_what_cannot_be_known_is_not_judged() -> None:
    holdings = held(VAGUE)
    assert is_in(holdings, coding("red"), VAGUE["url"]) is True
    assert is_in(holdings, coding("blue"), VAGUE["url"]) is False
    assert is_in(holdings, coding("1", UNKNOWN), VAGUE["url"]) is None
    assert is_in(holdings, "1", VAGUE["url"]) is None
    assert is_in(holdings, "red", "http://test.example/none") is None
