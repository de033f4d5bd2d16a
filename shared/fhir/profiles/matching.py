"""Fixed values and patterns, bindings, and the types that a reference points to.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import RESOURCE_TYPES, required_codes, type_names
from shared.fhir.fhirpath.equality import same_json
from shared.fhir.profiles.tree import FHIR
from shared.fhir.references import parse_reference
from shared.fhir.terminology import defined_codes, has_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.fhir.fhirpath import Node
    from shared.fhir.profiles.tree import FindProfile
    from shared.fhir.terminology.defined import Codes

    FindContained = Callable[[Node], Node | None]

_TYPES: Final = frozenset(RESOURCE_TYPES)


def fits(value: Any, pattern: Any) -> bool:  # noqa: ANN401
    """Tell whether a value has all that a pattern has."""
    if type(pattern) is dict:
        return type(value) is dict and all(
            key in value and fits(value[key], part) for key, part in pattern.items()
        )
    if type(pattern) is list:
        return type(value) is list and all(
            any(fits(each, part) for each in value) for part in pattern
        )
    return same_json(value, pattern)


def in_value_set(node: Node, url: str) -> bool | None:
    """Tell whether a coded value is in a value set that the definitions list; None if they do not.

    A concept is in it by one of its codings.
    """
    codes = listed_codes(url)
    return None if codes is None else has_code(codes, node.value) is True


def listed_codes(url: str) -> Codes | None:
    """List the codes of a value set that the definitions tell whole; None for any other."""
    try:
        return required_codes(url)
    except KeyError:
        return defined_codes(url)


def is_coded(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a coded value has a code, and not a text alone."""
    return has_code(frozenset(), value) is not None


def type_of_profile(url: str, find_profile: FindProfile) -> str | None:
    """Name the type that a profile is about; None where it is not known."""
    plain = url.partition("|")[0]
    if plain.removeprefix(FHIR) in type_names():
        return plain.removeprefix(FHIR)
    found = find_profile(url)
    return None if found is None else found.get("type")


def target_type(reference: Node, contained: FindContained) -> str | None:
    """Name the type that a reference points to, as far as its text or the resource tells."""
    text = reference.value.get("reference")
    link = parse_reference(text) if type(text) is str else None
    if link is None or link.kind == "urn":
        said = reference.value.get("type")
        return said if said in _TYPES else None
    if link.kind == "contained":
        inside = contained(reference)
        return None if inside is None else inside.type
    return link.type
