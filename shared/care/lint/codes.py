"""Rules about codes, wherever they stand in a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.care.instruments.score import LOINC
from shared.care.lint.rule import Defect, Rule, objects
from shared.fhir.terminology.check_digits import (
    has_snomed_check_digit,
    is_loinc_term,
    is_snomed_concept,
    loinc_check_digit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.lint.rule import Given
    from shared.fhir.reader import JsonObject

SNOMED: Final = "http://snomed.info/sct"
_BY_OID: Final = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
}


def codings(node: Any, path: str) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - JSON
    """Yield every code that is given with its system: where it stands, the system, the code."""
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from codings(each, f"{path}[{index}]")
    elif isinstance(node, dict):
        system, code = node.get("system"), node.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield f"{path}.code", system, code
        yield from _listed(node, path)
        for name, each in node.items():
            # A resource inside another one is looked at by itself.
            if name not in {"contained", "resource"}:
                yield from codings(each, f"{path}.{name}")


def _system(named: str) -> str:
    """Give the usual name of a code system that is named by its OID, or by an edition of it."""
    return SNOMED if named.startswith(f"{SNOMED}/") else _BY_OID.get(named, named)


def _listed(node: JsonObject, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the codes that a ValueSet or a ConceptMap lists under one system."""
    for index, each in enumerate(objects(node.get("concept"))):
        yield from _under(node.get("system"), each, f"{path}.concept[{index}]")
    for index, each in enumerate(objects(node.get("element"))):
        place = f"{path}.element[{index}]"
        yield from _under(node.get("source"), each, place)
        for number, target in enumerate(objects(each.get("target"))):
            yield from _under(node.get("target"), target, f"{place}.target[{number}]")


def _under(system: object, concept: JsonObject, path: str) -> Iterator[tuple[str, str, str]]:
    code = concept.get("code")
    if isinstance(system, str) and isinstance(code, str):
        yield f"{path}.code", system, code


def _loinc(resource: JsonObject, _: Given) -> Iterator[Defect]:
    for place, system, code in codings(resource, resource["resourceType"]):
        if _system(system) == LOINC and is_loinc_term(code) and code[-1] != loinc_check_digit(code):
            yield Defect(place, f"{code} would need the check digit {loinc_check_digit(code)}.")


def _snomed(resource: JsonObject, _: Given) -> Iterator[Defect]:
    for place, system, code in codings(resource, resource["resourceType"]):
        if (
            _system(system) == SNOMED
            and is_snomed_concept(code)
            and not has_snomed_check_digit(code)
        ):
            yield Defect(place, f"{code} does not end in its check digit.")


RULES: Final = (
    Rule(
        "loinc-check-digit",
        "A LOINC term ends in its check digit.",
        "A code with another one was mistyped or made up: it means nothing, or something else.",
        _loinc,
    ),
    Rule(
        "snomed-check-digit",
        "A SNOMED CT code ends in its check digit.",
        "A code with another one was mistyped or made up: it means nothing, or something else.",
        _snomed,
    ),
)
