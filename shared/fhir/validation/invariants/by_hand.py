"""Rules of R4 in Python: for their meaning, or because every resource asks them.

A rule sees an object whose shape is right, and tells whether it holds.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.dates import date_range
from shared.fhir.errors import Malformed
from shared.fhir.fhirpath.node import decimal_of
from shared.fhir.references import parse_reference
from shared.fhir.validation.references import contained_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.fhir.reader import JsonObject
    from shared.fhir.validation.finding import Run

_UNIT: Final = ("code", "system", "unit")


def in_order(first: object, second: object) -> bool:
    """Tell whether a date is not certainly after another.

    A day and a moment in it have no order by FHIRPath 2.0; R5 compares their bounds, as here.
    """
    if type(first) is not str or type(second) is not str:
        return True
    # Most are written alike, in one zone, and so are in the order of their texts.
    if len(first) == len(second) and first <= second and first[19:] == second[19:]:
        return True
    try:
        return date_range(first)[0] < date_range(second)[1]
    except Malformed:
        # That is told of the date itself.
        return True


def period_is_in_order(value: JsonObject, _run: Run) -> bool:
    """per-1: the start is not after the end."""
    end = value.get("end")
    return end is None or in_order(value.get("start"), end)


def handed_over_after_prepared(value: JsonObject, _run: Run) -> bool:
    """mdd-1: what was prepared first was handed over later."""
    return in_order(value.get("whenPrepared"), value.get("whenHandedOver"))


def modified_after_authored(value: JsonObject, _run: Run) -> bool:
    """inv-1 of Task: it was not changed before it was written."""
    return in_order(value.get("authoredOn"), value.get("lastModified"))


def low_is_not_above_high(value: JsonObject, _run: Run) -> bool:
    """rng-2: where both numbers are of one unit, the low one is not the higher."""
    low, high = value.get("low"), value.get("high")
    if not low or not high or "value" not in low or "value" not in high:
        return True
    if any(low.get(each) != high.get(each) for each in _UNIT):
        return True
    return bool(decimal_of(low["value"]) <= decimal_of(high["value"]))


def code_has_a_system(value: JsonObject, _run: Run) -> bool:
    """qty-3: a coded unit says of which system."""
    return "code" not in value or "system" in value or "_system" in value


def value_has_a_system(value: JsonObject, _run: Run) -> bool:
    """cpt-2: a telephone number or address says what it is."""
    return "system" in value or "value" not in value or "_system" in value


def member_is_a_practitioner(value: JsonObject, run: Run) -> bool:
    """ctm-1: only a practitioner takes part on behalf of somebody; passes where it is unknown."""
    if "onBehalfOf" not in value or "member" not in value:
        return "onBehalfOf" not in value
    text = value["member"].get("reference")
    link = parse_reference(text) if type(text) is str else None
    target = link.type if link else value["member"].get("type")
    if link is not None and link.kind == "contained":
        found = (each for each in contained_in(run.root) if each.get("id") == link.id)
        target = next((each.get("resourceType") for each in found), None)
    return target in {None, "Practitioner"}


def codes_are_unique(value: JsonObject, _run: Run) -> bool:
    """csd-1: a code stands once in a code system, at whatever depth."""
    found = [each["code"] for each in _nested(value, "concept") if "code" in each]
    return len(set(found)) == len(found)


def link_ids_are_unique(value: JsonObject, _run: Run) -> bool:
    """que-2: a linkId stands once in a questionnaire, at whatever depth."""
    found = [each["linkId"] for each in _nested(value, "item") if "linkId" in each]
    return len(set(found)) == len(found)


def _nested(value: JsonObject, key: str) -> Iterator[JsonObject]:
    waiting = list(value.get(key, ()))
    while waiting:
        item = waiting.pop()
        yield item
        waiting += item.get(key, ())


# By type and key; the keys of the rules of a kind of Quantity are the same.
BY_HAND: Final[dict[tuple[str, str], Callable[[Any, Run], bool]]] = {
    ("CareTeam.participant", "ctm-1"): member_is_a_practitioner,
    ("CodeSystem", "csd-1"): codes_are_unique,
    ("ContactPoint", "cpt-2"): value_has_a_system,
    ("MedicationDispense", "mdd-1"): handed_over_after_prepared,
    ("Period", "per-1"): period_is_in_order,
    ("Questionnaire", "que-2"): link_ids_are_unique,
    ("Range", "rng-2"): low_is_not_above_high,
    ("Task", "inv-1"): modified_after_authored,
    **{
        (kind, "qty-3"): code_has_a_system
        for kind in (
            *("Quantity", "SimpleQuantity", "MoneyQuantity"),
            *("Age", "Count", "Distance", "Duration"),
        )
    },
}
