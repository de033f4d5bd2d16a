"""Numbers of a search: the ranges that their digits stand for, and what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.errors import InvalidSearch
from shared.fhir.search.index import index
from shared.fhir.search.parse import parse
from shared.fhir.search.query import Criterion
from shared.fhir.search.values import Amount, Together

NOW = datetime(2026, 3, 1, tzinfo=UTC)
UCUM = "http://unitsofmeasure.org"
digits = st.from_regex(
    r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)


def read(text: str, resource_type: str = "RiskAssessment", code: str = "probability") -> Amount:
    [criterion] = parse(resource_type, [(code, text)], zone=UTC, now=NOW).criteria
    assert isinstance(criterion, Criterion)
    [value] = criterion.values
    assert isinstance(value, Amount)
    return value


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1.00e2", "99.5", "100.5"),
        ("1.0e2", "95", "105"),
        ("1e2", "95", "105"),
        ("1E2", "95", "105"),
        ("5.4", "5.35", "5.45"),
        ("5.40e-3", "0.005395", "0.005405"),
        ("-5", "-5.5", "-4.5"),
        ("0", "-0.5", "0.5"),
        ("ap100", "89.5", "110.5"),
        ("gt100", "100", "100"),
        ("eb1e2", "100", "100"),
    ],
)
def test_a_number_is_the_range_that_its_digits_stand_for(text: str, low: str, high: str) -> None:
    assert (read(text).low, read(text).high) == (Decimal(low), Decimal(high))


@given(text=digits)
def test_ne_is_the_rest_of_eq_and_the_number_is_in_its_range(text: str) -> None:
    equal, other = read(text), read(f"ne{text}")
    assert (equal.low, equal.high) == (other.low, other.high)
    assert equal.low < Decimal(text) < equal.high
    assert equal.high - Decimal(text) == Decimal(text) - equal.low


@given(number=st.integers(0, 10**6), places=st.integers(0, 4))
def test_the_ranges_of_neighbours_touch(number: int, places: int) -> None:
    def written(value: int) -> str:
        return f"{Decimal(value).scaleb(-places):f}"

    assert read(written(number)).high == read(written(number + 1)).low


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("5", "5", "6"), ("5.0", "5", "6"), ("5.5", "5.5", "5.5"), ("ap25", "22.5", "28")],
)
def test_integers_are_meant_exactly(text: str, low: str, high: str) -> None:
    found = read(text, "MolecularSequence", "variant-start")
    assert (found.low, found.high) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize("prefix", ["sa", "eb"])
def test_integers_do_not_start_after_or_end_before(prefix: str) -> None:
    with pytest.raises(InvalidSearch, match="integers"):
        read(f"{prefix}5", "MolecularSequence", "variant-start")
    assert read(f"{prefix}5").prefix == prefix


@pytest.mark.parametrize(
    "text",
    ["x", "gt", "1,5x", "5.", ".5", "--5", "1e", "1e999", "9" * 41, "NaN", "Infinity", "\u0665"],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidSearch):
        parse("RiskAssessment", [("probability", text)], zone=UTC, now=NOW)


@pytest.mark.parametrize("text", ["5|g", "5|http://x|", "5|a|b|c", "|http://x|g", f"x|{UCUM}|g"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(InvalidSearch):
        read(text, "Observation", "value-quantity")


@pytest.mark.parametrize("text", ["a", "a$", "$5", "a$5$6", r"a\$5", "a$x"])
def test_what_has_not_all_parts_is_no_composite(text: str) -> None:
    with pytest.raises(InvalidSearch):
        parse("Observation", [("code-value-quantity", text)], zone=UTC, now=NOW)


def test_a_composite_reads_each_part_by_its_parameter() -> None:
    pairs = [("code-value-quantity", rf"http://x|a\$b$gt5.4|{UCUM}|mg")]
    [criterion] = parse("Observation", pairs, zone=UTC, now=NOW).criteria
    assert isinstance(criterion, Criterion)
    [value] = criterion.values
    assert isinstance(value, Together)
    token, amount = value.values
    assert isinstance(amount, Amount)
    assert getattr(token, "code", None) == "a$b"
    assert (amount.prefix, amount.low, amount.unit and amount.unit.code) == (
        "gt",
        Decimal("5.4"),
        "mg",
    )


@pytest.mark.parametrize("modifier", ["not", "exact", "Patient"])
def test_a_composite_takes_no_modifier_but_missing(modifier: str) -> None:
    with pytest.raises(InvalidSearch, match="missing"):
        parse("Observation", [(f"code-value-quantity:{modifier}", "a$5")], zone=UTC, now=NOW)


@pytest.mark.parametrize(
    ("value", "low", "high", "canonical"),
    [
        ({"value": 5, "system": UCUM, "code": "mg"}, "5", "5", ("0.005", "0.005")),
        ({"value": 5, "comparator": "<=", "unit": "x"}, "-Infinity", "5", (None, None)),
        (
            {"value": 5, "comparator": ">", "system": UCUM, "code": "kg"},
            "5",
            "Infinity",
            ("5000", "Infinity"),
        ),
    ],
)
def test_a_quantity_is_indexed_as_sent_and_in_its_canonical_unit(
    value: dict[str, object], low: str, high: str, canonical: tuple[str | None, str | None]
) -> None:
    resource = {"resourceType": "Observation", "status": "final", "valueQuantity": value}
    [row] = index(resource).quantities
    assert (row.low, row.high) == (low, high)
    assert (row.canonical_low, row.canonical_high) == canonical


def test_a_quantity_without_a_value_has_no_row() -> None:
    for value in ({"unit": "g"}, {"comparator": "<"}):
        resource = {"resourceType": "Observation", "status": "final", "valueQuantity": value}
        assert index(resource).quantities == ()
