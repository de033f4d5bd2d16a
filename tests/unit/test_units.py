"""Units of measure: what a UCUM code means, and that values convert exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.units import CanonicalUnit, canonical_unit
from shared.fhir.units.reader import read_unit

values = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=6)
units = st.sampled_from(
    ("g", "mg", "[lb_av]", "/min", "mmol/L", "U/L", "mm[Hg]", "kg/m2", "[in_i]", "10*3/uL", "%")
)


def unit(code: str) -> CanonicalUnit:
    found = canonical_unit(code)
    assert found is not None, code
    return found


@pytest.mark.parametrize(
    ("value", "code", "other_value", "other"),
    [
        ("5400", "mg", "5.4", "g"),
        ("1", "[lb_av]", "453.59237", "g"),
        ("100", "mg/dL", "1", "g/L"),
        ("120", "mm[Hg]", "15.99864", "kPa"),
        ("60", "/min", "1", "Hz"),
        ("60", "{beats}/min", "1", "/s"),
        ("37", "Cel", "98.6", "[degF]"),
        ("37", "Cel", "310.15", "K"),
        ("100", "[degF]", "559.67", "[degR]"),
        ("1", "10*3/uL", "1", "10^9/L"),
        ("1", "mol", "602214076000000", "10*9"),
        ("1", "a", "365.25", "d"),
        ("2", "k[iU]/L", "2", "[IU]/mL"),
        ("1", "kg.m/s2", "1", "N"),
        ("1", "mL/(min.m2)", "1", "mL/min/m2"),
        ("1", "m2.kg/s2", "1", "J"),
        ("50", "%", "0.5", "1"),
        ("1", "mL/min/{1.73_m2}", "1", "mL/min"),
    ],
)
def test_the_same_quantity_in_two_units_is_one(
    value: str, code: str, other_value: str, other: str
) -> None:
    assert unit(code).name == unit(other).name
    assert unit(code).convert(Decimal(value)) == unit(other).convert(Decimal(other_value))


@pytest.mark.parametrize(
    ("code", "other"),
    [("g", "m"), ("[iU]", "[arb'U]"), ("[pH]", "mol/L"), ("B[V]", "V"), ("mg/Cel", "mg/K")],
)
def test_what_cannot_be_converted_is_comparable_with_itself_only(code: str, other: str) -> None:
    assert unit(code).name != unit(other).name
    assert unit(code).convert(Decimal("7.4")) == Decimal("7.4") * unit(code).factor


@pytest.mark.parametrize(
    "code",
    [
        "",
        "foo",
        "mg(",
        "()",
        "mg/",
        "m g",
        "2/0",
        "0",
        "kfoo",
        "k[in_i]",
        "{",
        "m" * 81,
        "Ym99.Ym99",
    ],
)
def test_a_code_that_means_nothing_has_no_canonical_unit(code: str) -> None:
    assert canonical_unit(code) is None


@given(value=values, code=units)
def test_a_conversion_is_the_ratio_to_sixty_digits(value: Decimal, code: str) -> None:
    converted = Fraction(unit(code).convert(value))
    exact = Fraction(value) * read_unit(code)[0]
    assert abs(converted - exact) <= abs(exact) / 10**59


@given(one=values, other=values, code=units)
def test_conversion_keeps_the_order(one: Decimal, other: Decimal, code: str) -> None:
    convert = unit(code).convert
    assert (one < other) == (convert(one) < convert(other))
