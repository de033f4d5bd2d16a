"""Token parameters: codes, identifiers, booleans, and contact points.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import required_codes
from shared.fhir.errors import InvalidSearch
from shared.fhir.memory import remembering_short_texts
from shared.fhir.search.collector import WINDOW
from shared.fhir.search.escapes import split, unescape
from shared.fhir.search.fold import fold
from shared.fhir.search.terms import (
    cased_term,
    code_term,
    coding_term,
    folded_term,
    system_term,
    text_term,
    typed_term,
)
from shared.fhir.search.values import string
from shared.fhir.search.values.concepts import OF_TERMINOLOGY, Concepts, read_concepts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter
    from shared.fhir.search.values.string import Text

MODIFIERS: Final = frozenset({"not", "text", "of-type", *OF_TERMINOLOGY})
UNSERVED_MODIFIERS: Final[frozenset[str]] = frozenset()

_REMEMBERED: Final = 8192
_LONGEST: Final = 200
# Of these, only the first has a system; in the last, case does not matter.
_CODED: Final = frozenset({"Coding", "CodeableConcept", "Identifier", "code"})
_EXACT: Final = frozenset({"uri", "id"})
_FOLDED: Final = frozenset({"ContactPoint", "boolean", "string", "living"})
_CALLED: Final = frozenset({"Coding", "CodeableConcept", "Identifier"})
_OF_CONCEPTS: Final = frozenset({"Coding", "CodeableConcept", "code"})


@dataclass(frozen=True, slots=True)
class Token:
    """`code`, `system|code`, `|code` (system is empty) or `system|` (code is None).

    In the systems `any_case`, the code is meant however it is written.
    """

    system: str | None
    code: str | None
    any_case: tuple[str, ...] = ()

    def terms(self, parameter: Parameter) -> tuple[str, ...]:
        """Name the terms of which a matching resource has at least one."""
        return self.terms_of(parameter.number, parameter.value_types)

    def terms_of(self, name: int | str, types: frozenset[str]) -> tuple[str, ...]:
        """Name the terms among values of these types."""
        if self.code is None:
            return (system_term(name, self.system or ""),)
        others = tuple(_in_any_case(name, self.any_case, self.code))
        if self.system is not None:
            return (coding_term(name, self.system, self.code), *others)
        found = [code_term(name, self.code)] if types & (_CODED | _EXACT) else []
        found += [folded_term(name, self.code)] if types & _FOLDED else []
        return (*found, *others)


def _in_any_case(name: int | str, systems: Iterable[str], code: str) -> Iterator[str]:
    folded = code.casefold()
    for system in systems:
        yield from (coding_term(name, system, folded), cased_term(name, system, folded))


@dataclass(frozen=True, slots=True)
class TypedIdentifier:
    """The value of an identifier whose type has this code."""

    system: str
    code: str
    value: str

    def terms(self, parameter: Parameter) -> tuple[str, ...]:
        """Name the terms of which a matching resource has at least one."""
        return (typed_term(parameter.number, self.system, self.code, self.value),)


def modifiers_of(value_types: frozenset[str]) -> frozenset[str]:
    """List the modifiers that suit values of some types."""
    found = {"not"}
    found |= {"text"} if value_types & _CALLED else set()
    found |= {"of-type"} if "Identifier" in value_types else set()
    return frozenset(found | (OF_TERMINOLOGY if value_types & _OF_CONCEPTS else set()))


def parse(
    parameter: Parameter, modifier: str | None, text: str, reading: Reading
) -> Token | Text | TypedIdentifier | Concepts:
    """Read a token, or what a modifier takes in its place.

    :raises InvalidSearch: neither system nor code, or a system where values have none.
    """
    if modifier == "text":
        return string.parse(parameter, None, text, reading)
    if modifier == "of-type":
        return _typed(parameter, text)
    if modifier in OF_TERMINOLOGY:
        return read_concepts(parameter.code, modifier, text)
    token = read_token(text)
    if token.system is not None and not parameter.value_types & _CODED:
        raise InvalidSearch(f"The values of '{parameter.code}' have no system, so take no '|'.")
    return token


def read_token(text: str) -> Token:
    """Read the text of a token.

    :raises InvalidSearch: neither system nor code, or a system that is no uri.
    """
    first, *rest = split(text, "|")
    system, code = (unescape(first), unescape("|".join(rest))) if rest else (None, unescape(first))
    if not system and not code:
        raise InvalidSearch("A token needs a system or a code.")
    _refuse_spaced(system)
    return Token(system, code or None)


def _typed(parameter: Parameter, text: str) -> TypedIdentifier:
    system, code, value = (*split(text, "|"), "", "")[:3]
    if not (system and code and value) or len(split(text, "|")) > 3:
        raise InvalidSearch(f"'{parameter.code}:of-type' takes system|code|value, all three.")
    _refuse_spaced(unescape(system))
    _refuse_spaced(unescape(code), "  ")
    return TypedIdentifier(unescape(system), unescape(code), unescape(value))


def _refuse_spaced(text: str | None, spaces: str = " ") -> None:
    # No valid resource has one; in a term it would end earlier, and find what another system has.
    if text and spaces in text:
        raise InvalidSearch("A system holds no space, and the code of a type no two on end.")


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path become terms; None where they cannot."""
    number = parameter.number
    if path.type == "code":
        return partial(_add_code, number, _terms_of_codes(number, path.element.binding))
    add = _CONVERTERS.get(path.type)
    return None if add is None else partial(add, number)


def text_converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how what the values at the path are called is stored; None where nothing is."""
    add = _TEXT_CONVERTERS.get(path.type)
    return None if add is None else partial(add, parameter.number)


def add_identifier(name: int | str, value: JsonObject, collector: Collector) -> None:
    """Add the terms of an Identifier."""
    collector.terms += _coded_terms(name, value.get("system", ""), value.get("value"))


def _coded_terms(name: int | str, system: str, code: str | None) -> tuple[str, ...]:
    found = () if code is None else (code_term(name, code), coding_term(name, system, code))
    return (*found, system_term(name, system)) if system else found


def _coding_terms(name: int | str, system: str, code: str | None) -> tuple[str, ...]:
    found = _coded_terms(name, system, code)
    folded = "" if code is None or not system else code.casefold()
    return (*found, cased_term(name, system, folded)) if folded not in {"", code} else found


# The same codes come again and again; identifiers do not.
_remembered_terms = lru_cache(_REMEMBERED)(_coding_terms)


def _add_coding(number: int, value: JsonObject, collector: Collector) -> None:
    system, code = value.get("system", ""), value.get("code")
    is_short = len(system) + len(code or "") <= _LONGEST
    terms = _remembered_terms if is_short else _coding_terms
    collector.terms += terms(number, system, code)


def _add_concept(number: int, value: JsonObject, collector: Collector) -> None:
    for coding in value.get("coding", ()):
        _add_coding(number, coding, collector)


def _add_code(
    number: int, known: Mapping[str, tuple[str, ...]], value: str, collector: Collector
) -> None:
    collector.terms += known.get(value) or (code_term(number, value),)


def _add_exact(number: int, value: str, collector: Collector) -> None:
    collector.add(code_term(number, value))


def _add_contact(number: int, value: JsonObject, collector: Collector) -> None:
    if "value" in value:
        collector.add(folded_term(number, value["value"]))


def _add_boolean(number: int, value: bool, collector: Collector) -> None:  # noqa: FBT001
    collector.add(folded_term(number, "true" if value else "false"))


def _add_folded(number: int, value: str, collector: Collector) -> None:
    collector.add(folded_term(number, value))


def _add_deceased(number: int, patient: JsonObject, collector: Collector) -> None:
    _add_boolean(
        number, bool(patient.get("deceasedBoolean")) or "deceasedDateTime" in patient, collector
    )


def _add_called(number: int, value: JsonObject, collector: Collector, part: str) -> None:
    name = value.get(part)
    if name:
        terms, texts = _names(name, number)
        collector.terms += terms
        collector.texts += texts


@remembering_short_texts
def _names(called: str, number: int) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """Give the term and the text of what a code is called, where letters or digits are in it."""
    text = fold(called)[:WINDOW].rstrip()
    return ((text_term(number, text),), ((number, text),)) if text else ((), ())


def _add_concept_text(number: int, value: JsonObject, collector: Collector) -> None:
    _add_called(number, value, collector, "text")
    for coding in value.get("coding", ()):
        _add_called(number, coding, collector, "display")


def _add_coding_text(number: int, value: JsonObject, collector: Collector) -> None:
    _add_called(number, value, collector, "display")


def _add_type(number: int, value: JsonObject, collector: Collector) -> None:
    kind = value.get("type", {})
    _add_called(number, kind, collector, "text")
    for coding in kind.get("coding", ()) if "value" in value else ():
        if "system" in coding and "code" in coding:
            term = typed_term(number, coding["system"], coding["code"], value["value"])
            collector.add(term)


def _terms_of_codes(number: int, binding: str | None) -> dict[str, tuple[str, ...]]:
    """Name the terms of each code that the binding of a `code` element allows."""
    found: dict[str, tuple[str, ...]] = {}
    for system, code in (required_codes(binding) or ()) if binding else ():
        terms = _coded_terms(number, system, code)
        found[code] = tuple(dict.fromkeys((*found.get(code, ()), *terms)))
    return found


_CONVERTERS: Final[Mapping[str, Callable[[int, Any, Collector], None]]] = {
    "Coding": _add_coding,
    "CodeableConcept": _add_concept,
    "Identifier": add_identifier,
    "ContactPoint": _add_contact,
    "boolean": _add_boolean,
    "string": _add_folded,
    "uri": _add_exact,
    "id": _add_exact,
    "living": _add_deceased,
}

_TEXT_CONVERTERS: Final[Mapping[str, Callable[[int, Any, Collector], None]]] = {
    "Coding": _add_coding_text,
    "CodeableConcept": _add_concept_text,
    "Identifier": _add_type,
}
