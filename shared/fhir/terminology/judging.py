"""Whether a coded value of a resource is in a value set, as the bindings of profiles ask it.

https://hl7.org/fhir/R4/terminologies.html#binding
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.terminology.errors import CannotTell
from shared.fhir.terminology.holdings import Code, Holdings, named_in
from shared.fhir.terminology.membership import holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject


def is_in(holdings: Holdings, value: Any, url: str) -> bool | None:  # noqa: ANN401
    """Tell whether a code, Coding, CodeableConcept or Quantity is in a value set; None: unknown.

    A concept is in it by one of its codings; a plain code by any system that the set draws on.
    """
    value_set = holdings.value_sets.get(url)
    if value_set is None:
        return None
    told = [_told(holdings, value_set, code) for code in _codes(holdings, value_set, value)]
    if True in told:
        return True
    return None if None in told else False


def _told(holdings: Holdings, value_set: JsonObject, code: Code) -> bool | None:
    try:
        return holds(holdings, value_set, code)
    except CannotTell:
        return None


def _codes(holdings: Holdings, value_set: JsonObject, value: Any) -> Iterator[Code]:  # noqa: ANN401
    if isinstance(value, str):
        for system in _systems(holdings, value_set, set()):
            yield Code(system, value)
    elif isinstance(value, dict):
        for each in value.get("coding", [value]):
            if "code" in each:
                yield Code(each.get("system", ""), each["code"])


def _systems(holdings: Holdings, value_set: JsonObject, seen: set[str]) -> set[str]:
    systems: set[str] = set()
    for kind, canonical in named_in(value_set):
        if kind == "CodeSystem":
            systems.add(canonical.partition("|")[0])
        elif canonical in holdings.value_sets and canonical not in seen:
            seen.add(canonical)
            systems |= _systems(holdings, holdings.value_sets[canonical], seen)
    return systems
