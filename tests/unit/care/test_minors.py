"""Who is a minor, to the day, wherever they live; and what an exact oracle says of every day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.care.minors import comes_of_age, guardians, is_minor, was_a_guardians

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"


def patient(born: str | None, *states: str) -> dict[str, Any]:
    told: dict[str, Any] = {"resourceType": "Patient", "address": [{"state": e} for e in states]}
    return told | ({"birthDate": born} if born else {})


def birthday(born: date, age: int) -> date:
    """The day on which somebody reaches an age; of a leap day, the first of March."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def test_who_is_a_minor_agrees_with_the_birthday_on_every_day() -> None:
    for days in range(4 * 366):
        born = date(2006, 6, 1) + timedelta(days=days)
        assert is_minor(patient(born.isoformat()), NOW) == (birthday(born, 18) > NOW.date()), born
        grown = comes_of_age(patient(born.isoformat()), UTC)
        assert grown is not None
        assert grown.date() == birthday(born, 18)
        assert is_minor(patient(born.isoformat()), grown - timedelta(microseconds=1))
        assert not is_minor(patient(born.isoformat()), grown)


@pytest.mark.parametrize(
    ("born", "states", "expected"),
    [
        ("2007-06-01", (), False),
        ("2007-06-01", ("CA",), False),
        ("2007-06-01", ("NE",), True),
        ("2007-06-01", ("ne", "CA"), True),
        ("2005-06-01", ("MS",), True),
        ("2005-01-01", ("MS",), False),
        ("2008", (), True),
        ("2007", (), False),
        (None, (), False),
    ],
)
def test_the_age_depends_on_the_state_and_on_what_is_known(
    born: str | None, states: tuple[str, ...], *, expected: bool
) -> None:
    assert is_minor(patient(born, *states), NOW) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["g"]),
        ({"active": False}, []),
        ({"period": {"end": "2026-03-01"}}, []),
        ({"period": {"start": "2026-04-01"}}, []),
        ({"relationship": [{"coding": [{"system": ROLE, "code": "FRND"}]}]}, []),
        ({"relationship": [{"text": "Guardian"}]}, []),
    ],
)
def test_who_stands_for_a_minor_now(changes: dict[str, Any], expected: list[str]) -> None:
    person = {"id": "g", "relationship": [{"coding": [{"system": ROLE, "code": "GUARD"}]}]}

    assert guardians([person | changes], NOW) == expected


def test_who_has_no_birth_date_or_one_at_the_end_of_time_comes_of_no_age() -> None:
    assert comes_of_age(patient(None), UTC) is None
    assert comes_of_age(patient("9990-01-01"), UTC) is None


@pytest.mark.parametrize(
    ("by", "given", "born", "expected"),
    [
        (("RelatedPerson/g",), "2026-03-01", "2008-03-09", True),
        (("RelatedPerson/g",), "2026-03-01", "2008-03-11", False),
        (("RelatedPerson/g",), "2026-03-09T10:00:00Z", "2008-03-09", False),
        (("RelatedPerson/g", "Patient/p"), "2026-03-01", "2008-03-09", False),
        ((), "2026-03-01", "2008-03-09", False),
        (("RelatedPerson/g",), "2026-03-01", None, False),
        (("RelatedPerson/g",), None, "2008-03-09", False),
    ],
)
def test_what_others_consented_to_for_a_minor_ends_when_they_are_grown(
    by: tuple[str, ...], given: str | None, born: str | None, *, expected: bool
) -> None:
    told = {"performer": [{"reference": each} for each in by], "dateTime": given}
    consent = {name: value for name, value in told.items() if value}

    assert was_a_guardians(consent, patient(born), NOW) is expected
