"""Puts matches in order: by sort keys, then by the order in which they were made.

https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

from functools import cmp_to_key
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.search.opinion import dates, numbers, texts, tokens
from tests.search.opinion.problem import Unknown
from tests.search.opinion.thing import check_alike, defined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.search.opinion.paths import Node
    from tests.search.opinion.reading import Reading
    from tests.search.opinion.thing import Thing


# The date by which a type's matches come, the latest first, where it is asked for and no sort is.
_MAIN_DATES: Final = {
    "Appointment": "date", "CarePlan": "date", "ChargeItem": "entered-date",
    "CodeSystem": "date", "Condition": "recorded-date", "DocumentReference": "date",
    "Encounter": "date", "Medication": "expiration-date", "MedicationRequest": "authoredon",
    "Observation": "date", "Patient": "birthdate", "Questionnaire": "date",
    "QuestionnaireResponse": "authored", "RiskAssessment": "date", "ServiceRequest": "authored",
    "Task": "authored-on", "ValueSet": "date",
}  # fmt: skip


class Key(NamedTuple):
    """A sort key."""

    code: str
    descends: bool


def sort_keys(resource_types: Sequence[str], text: str) -> list[Key]:
    """Read the keys, which every type must have."""
    keys = [Key(each.removeprefix("-"), each.startswith("-")) for each in text.split(",")]
    for key in keys:
        check_alike(resource_types, key.code)
        if defined(resource_types[0], key.code).type == "composite":
            raise Unknown(text)
    return keys


def latest_first(resource_type: str, names: Sequence[str]) -> list[Key]:
    """Sort by the first date of these names that the type has its order by."""
    dates = {"_lastUpdated", _MAIN_DATES.get(resource_type)}
    return [Key(name, descends=True) for name in names if name in dates][:1]


def ordered(things: Sequence[Thing], keys: Sequence[Key], reading: Reading) -> list[Thing]:
    """Put matches in order; the order of ties turns with the first key."""
    turn = -1 if keys and keys[0].descends else 1

    def compare(one: Thing, other: Thing) -> int:
        for key in keys:
            a, b = _value(one, key, reading), _value(other, key, reading)
            if a is None or b is None:
                order = (a is None) - (b is None)
            else:
                order = ((a > b) - (a < b)) * (-1 if key.descends else 1)
            if order:
                return order
        return (one.place - other.place) * turn

    return sorted(things, key=cmp_to_key(compare))


def _value(thing: Thing, key: Key, reading: Reading) -> Any:  # noqa: ANN401
    """Give the first value in the direction asked; a period counts by its start."""
    values = _values(thing, key.code, reading)
    if not values:
        return None
    return max(values) if key.descends else min(values)


def _values(thing: Thing, code: str, reading: Reading) -> list[Any]:
    if code == "_id":
        return [thing.id]
    if code == "_lastUpdated":
        return [thing.updated]
    return [value for node in thing.nodes(code) for value in _of_node(thing, code, node, reading)]


def _of_node(thing: Thing, code: str, node: Node, reading: Reading) -> list[Any]:
    match defined(thing.type, code).type:
        case "date":
            return [low for low, _ in dates.ranges(node, reading.zone) if low > -inf]
        case "number" | "quantity":
            return [each.low for each in numbers.numbers(node)]
        case "string":
            return [piece.folded for piece in texts.pieces(node)]
        case "token":
            return [each.code for each in tokens.codes(node) if each.code is not None]
    if node.type == "Reference":
        return [node.value["reference"]] if "reference" in node.value else []
    return [node.value]
