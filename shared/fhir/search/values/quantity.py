"""Quantity parameters: a number with a unit, which may be given in another unit than is stored.

Units of UCUM are compared in their canonical form, so `5.4|http://unitsofmeasure.org|g` finds
5400 mg. Any other is the same when it has the same system and code.

https://hl7.org/fhir/R4/search.html#quantity
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import InvalidSearch
from shared.fhir.search.escapes import split, unescape
from shared.fhir.search.values.number import Amount, Unit, read_amount
from shared.fhir.search.values.ranges import QuantityRow, bounds, compared, sampled
from shared.fhir.units import UCUM, CanonicalUnit, canonical_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter
    from shared.fhir.search.values.ranges import Bounds

MODIFIERS: Final[frozenset[str]] = frozenset()
UNSERVED_MODIFIERS: Final[frozenset[str]] = frozenset()

_REMEMBERED: Final = 1024
_LONGEST: Final = 200
_CURRENCIES: Final = "urn:iso:std:iso:4217"


def parse(parameter: Parameter, _modifier: str | None, text: str, _reading: Reading) -> Amount:
    """Read a number, alone or as `number|system|code` or `number||code`.

    :raises InvalidSearch: it is no number, or the unit is incomplete.
    """
    number, *rest = (unescape(part) for part in split(text, "|"))
    if not rest or rest == ["", ""]:
        return read_amount(parameter, number)
    if len(rest) != 2 or not rest[1]:
        raise InvalidSearch(
            f"The value of '{parameter.code}' must be a number, number|system|code or number||code."
        )
    return read_amount(parameter, number, Unit(rest[0] or None, rest[1]))


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path become ranges; None where they cannot."""
    add = _CONVERTERS.get(path.type)
    return None if add is None else partial(add, parameter.number)


def canonical_of(unit: Unit) -> CanonicalUnit | None:
    """Find the canonical unit of one of UCUM."""
    return canonical_unit(unit.code) if unit.system == UCUM else None


def unit_term(unit: Unit) -> str:
    """Name a unit of a system, or one by its code or text, of whatever system."""
    return f"n {unit.code}" if unit.system is None else f"u {unit.system} {unit.code}"


def canonical_term(unit: CanonicalUnit) -> str:
    """Name a canonical unit."""
    return f"d {unit.name}"


def _add_quantity(number: int, value: JsonObject, collector: Collector) -> None:
    _add(number, compared(value), value, collector)


def _add_range(number: int, value: JsonObject, collector: Collector) -> None:
    low, high = value.get("low", {}), value.get("high", {})
    # Ends in different units are no range of either.
    if not low or not high or _unit(low) == _unit(high):
        _add(number, bounds(value), low or high, collector)


def _add_sampled(number: int, value: JsonObject, collector: Collector) -> None:
    _add(number, sampled(value), value.get("origin", {}), collector)


def _add_money(number: int, value: JsonObject, collector: Collector) -> None:
    unit = {"system": _CURRENCIES, "code": value["currency"]} if "currency" in value else {}
    _add(number, compared(value), unit, collector)


def _add(number: int, found: Bounds | None, named: JsonObject, collector: Collector) -> None:
    if found is None:
        return
    names = _unit(named)
    is_short = sum(map(len, filter(None, names))) <= _LONGEST
    units, canonical = (_remembered_units if is_short else _units)(*names)
    if canonical is None:
        row = QuantityRow(number, *found, units=units)
    else:
        low, high = found
        start = str(canonical.convert(Decimal(low)))
        end = start if low == high else str(canonical.convert(Decimal(high)))
        name = canonical_term(canonical)
        row = QuantityRow(number, low, high, "", 0, units, name, start, end)
    collector.add_quantity(row)


def _units(
    system: str | None, code: str | None, text: str | None
) -> tuple[tuple[str, ...], CanonicalUnit | None]:
    """Name what a unit is called, and find its canonical one."""
    names = {name: None for name in (code, text) if name}
    terms = [unit_term(Unit(None, name)) for name in names]
    if not code or not system:
        return tuple(terms), None
    unit = Unit(system, code)
    return (*terms, unit_term(unit)), canonical_of(unit)


# The same few units come again and again.
_remembered_units = lru_cache(_REMEMBERED)(_units)


def _unit(value: JsonObject) -> tuple[str | None, str | None, str | None]:
    return value.get("system"), value.get("code"), value.get("unit")


_CONVERTERS: Final[Mapping[str, Callable[[int, Any, Collector], None]]] = {
    **dict.fromkeys(
        ("Quantity", "SimpleQuantity", "MoneyQuantity", "Age", "Count", "Distance", "Duration"),
        _add_quantity,
    ),
    "Money": _add_money,
    "Range": _add_range,
    "SampledData": _add_sampled,
}
