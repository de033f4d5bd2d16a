"""The codes of R4's own value sets, where the definitions tell all of them.

Most draw on systems that R4 lists; those of LOINC, SNOMED CT, UCUM and the like are not known.
https://hl7.org/fhir/R4/terminologies-valuesets.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import defined_code_system, defined_value_set
from shared.fhir.terminology.code_system import code_system_of
from shared.fhir.terminology.errors import CannotTell
from shared.fhir.terminology.expansion import expand
from shared.fhir.terminology.holdings import Holdings, named_in

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology.code_system import CodeSystem

Codes = frozenset[tuple[str, str]]
# Anybody may ask for any url.
_REMEMBERED: Final = 256


@lru_cache(_REMEMBERED)
def defined_system(canonical: str) -> CodeSystem | None:
    """Read a code system of R4, of the version that is named; None for any other."""
    url, _, version = canonical.partition("|")
    found = defined_code_system(url)
    if found is None or version not in {"", found.get("version")}:
        return None
    return code_system_of(found)


@lru_cache(_REMEMBERED)
def defined_codes(value_set_url: str) -> Codes | None:
    """List the (system, code) of a value set of R4; None where that is not known."""
    value_set = defined_value_set(value_set_url)
    if value_set is None:
        return None
    try:
        members = expand(_holdings(value_set), value_set)
    except CannotTell:
        return None
    return frozenset((each.system, each.code) for each in members)


def has_code(codes: Codes, value: Any) -> bool | None:  # noqa: ANN401
    """Tell whether a coded value has one of some codes; None where it has no code at all."""
    if type(value) is not dict:
        return any(code == value for _, code in codes)
    codings = value.get("coding", ()) if "coding" in value else (value,)
    told = {(each.get("system", ""), each["code"]) for each in codings if "code" in each}
    return not told.isdisjoint(codes) if told else None


def _holdings(value_set: JsonObject) -> Holdings:
    systems: dict[str, CodeSystem] = {}
    imported: dict[str, JsonObject] = {}
    left = set(named_in(value_set))
    while left:
        kind, canonical = left.pop()
        if kind == "CodeSystem" and (system := defined_system(canonical)):
            systems[canonical] = system
        elif kind == "ValueSet" and (found := defined_value_set(canonical.partition("|")[0])):
            imported[canonical] = found
            left |= {name for name in named_in(found) if name[1] not in imported}
    return Holdings(systems, imported)
