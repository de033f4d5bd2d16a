"""The values of numbers, quantities and composites, and when they match, for the oracle."""

from __future__ import annotations

from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.fhir.search.values import Amount

Resource = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
# The unit that each converts to, and how many of that it is.
FACTORS = {
    "g": ("g", Fraction(1)),
    "mg": ("g", Fraction(1, 1000)),
    "m": ("m", Fraction(1)),
    "/s": ("/s", Fraction(1)),
    "/min": ("/s", Fraction(1, 60)),
}


def _coded(concept: Resource | None) -> list[Any]:
    found = (concept or {}).get("coding", [])
    return [("coded", each.get("system", ""), each.get("code")) for each in found]


def _exactly(value: float) -> Fraction:
    return Fraction(str(value))


def _quantity(value: Resource | None) -> list[Any]:
    if not value or "value" not in value:
        return []
    low = high = _exactly(value["value"])
    kind = value.get("comparator", "")
    found = (-inf if "<" in kind else low, inf if ">" in kind else high)
    return [(*found, value.get("system"), value.get("code"), value.get("unit"))]


def _range(value: Resource | None) -> list[Any]:
    low, high = ((value or {}).get(end, {}).get("value") for end in ("low", "high"))
    if low is None and high is None:
        return []
    ends = sorted(
        (
            -inf if low is None else _exactly(low),
            inf if high is None else _exactly(high),
        )
    )
    return [(*ends, None, None, None)]


def _number(value: float | None) -> list[Any]:
    return [] if value is None else [(_exactly(value), _exactly(value), None, None, None)]


def _joined(*parts: list[Any]) -> list[Any]:
    return [parts] if all(parts) else []


def _of_components(find: Callable[[Resource], list[Any]]) -> Callable[[Resource], list[Any]]:
    return lambda r: [value for each in r.get("component", []) for value in find(each)]


def _combined(find: Callable[[Resource], list[Any]]) -> Callable[[Resource], list[Any]]:
    return lambda r: [*find(r), *_of_components(find)(r)]


_OWN: dict[str, Callable[[Resource], list[Any]]] = {
    "code": lambda r: _coded(r["code"]),
    "value-quantity": lambda r: _quantity(r.get("valueQuantity")),
    "value-concept": lambda r: _coded(r.get("valueCodeableConcept")),
    "code-value-quantity": lambda r: _joined(_coded(r["code"]), _quantity(r.get("valueQuantity"))),
    "code-value-concept": lambda r: _joined(
        _coded(r["code"]), _coded(r.get("valueCodeableConcept"))
    ),
}


def _variants(r: Resource) -> list[Any]:
    chromosome = _coded(r["referenceSeq"]["chromosome"])
    return [
        value
        for each in r.get("variant", [])
        for value in _joined(chromosome, _number(each.get("start")), _number(each.get("end")))
    ]


MEASURED: dict[str, dict[str, Callable[[Resource], list[Any]]]] = {
    "Observation": {
        **_OWN,
        **{f"component-{code}": _of_components(find) for code, find in _OWN.items()},
        **{f"combo-{code}": _combined(find) for code, find in _OWN.items()},
    },
    "RiskAssessment": {
        "probability": lambda r: [
            value
            for each in r.get("prediction", [])
            for value in (
                *_number(each.get("probabilityDecimal")),
                *_range(each.get("probabilityRange")),
            )
        ],
    },
    "MolecularSequence": {
        "variant-start": lambda r: [
            value for each in r.get("variant", []) for value in _number(each.get("start"))
        ],
        "chromosome": lambda r: _coded(r["referenceSeq"]["chromosome"]),
        "chromosome-variant-coordinate": _variants,
    },
}


def amount(value: tuple[Any, ...], sought: Amount) -> bool:
    """Tell whether a range matches a number, in its unit if one is given."""
    low, high, system, code, text = value
    start, end = Fraction(sought.low), Fraction(sought.high)
    unit = sought.unit
    if unit is not None and unit.system is None:
        if unit.code not in {code, text}:
            return False
    elif unit is not None:
        if system != unit.system or unit.system != UCUM:
            return False
        (base, factor), (other, of_search) = FACTORS[code], FACTORS[unit.code]
        if base != other:
            return False
        low, high, start, end = low * factor, high * factor, start * of_search, end * of_search
    equal = start <= low < end and high <= end
    found: dict[str, bool] = {
        "eq": equal,
        "ne": not equal,
        "gt": high > start,
        "lt": low < start,
        "ge": high > start or low == high == start,
        "le": low < start or low == high == start,
        "sa": low >= start and high > start,
        "eb": high <= start and low < start,
        "ap": low < end and (high > start or low == high == start),
    }
    return found[sought.prefix]
