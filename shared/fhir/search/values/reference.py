"""Reference parameters: what a resource points to, here or elsewhere, or by an identifier.

https://hl7.org/fhir/R4/search.html#reference
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import InvalidSearch
from shared.fhir.memory import remembering_short_texts
from shared.fhir.references import Link, parse_reference
from shared.fhir.search.escapes import unescape
from shared.fhir.search.terms import identifier_name, target_term, uri_term
from shared.fhir.search.values.token import Token, add_identifier, read_token

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter

# The type of a target is a modifier too.
MODIFIERS: Final = frozenset({"identifier"})
UNSERVED_MODIFIERS: Final[frozenset[str]] = frozenset({"above", "below"})

_LOGICAL_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_VERSION = re.compile(r"/_history/[^/#]+|#.*")
_IDENTIFIER: Final = frozenset({"Identifier"})
_CANONICAL: Final = frozenset({"canonical", "uri"})


@dataclass(frozen=True, slots=True)
class Target:
    """A resource of this server by its id, of one of several types, or a uri."""

    types: tuple[str, ...]
    id: str | None
    uri: str | None = None

    def terms(self, parameter: Parameter) -> tuple[str, ...]:
        """Name the terms of which a matching resource has at least one."""
        number = parameter.number
        found = [target_term(number, each, self.id) for each in self.types] if self.id else []
        return (*found, uri_term(number, self.uri)) if self.uri else tuple(found)


@dataclass(frozen=True, slots=True)
class LogicalTarget:
    """A target known by its identifier."""

    token: Token

    def terms(self, parameter: Parameter) -> tuple[str, ...]:
        """Name the terms of which a matching resource has at least one."""
        return self.token.terms_of(identifier_name(parameter.number), _IDENTIFIER)


def parse(
    parameter: Parameter, modifier: str | None, text: str, reading: Reading
) -> Target | LogicalTarget:
    """Read a target.

    :raises InvalidSearch: it is no reference, or one to another type than the modifier says.
    """
    if modifier == "identifier":
        return LogicalTarget(read_token(text))
    text = unescape(text)
    if _LOGICAL_ID.fullmatch(text):
        # A canonical may be written so that it looks like an id.
        uri = text if modifier is None and parameter.value_types & _CANONICAL else None
        return Target((modifier,) if modifier else parameter.targets, text, uri)
    link = parse_reference(text, reading.bases)
    if link.kind in {"conditional", "contained", "other"}:
        raise InvalidSearch(
            f"The value of '{parameter.code}' must be an id, a reference such as "
            f"{parameter.targets[0]}/123, or an absolute address."
        )
    if modifier and link.type not in {modifier, None}:
        raise InvalidSearch(f"The value of '{parameter.code}' is not a reference to {modifier}.")
    if link.kind == "local" and link.type:
        return Target((link.type,), link.id, None if text == f"{link.type}/{link.id}" else text)
    return Target((), None, _unversioned(link))


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path become terms; None where they cannot."""
    if path.type == "Reference":
        return partial(_add_reference, parameter.number, parameter.is_compartment)
    if path.type in _CANONICAL:
        return partial(_add_canonical, parameter.number)
    return None


def _add_reference(number: int, is_compartment: bool, value: JsonObject, to: Collector) -> None:  # noqa: FBT001
    if "identifier" in value:
        add_identifier(identifier_name(number), value["identifier"], to)
    text = value.get("reference")
    if text is not None:
        if text.startswith("#"):
            to.contained.append((number, text[1:]))
        terms, patient = _found(text, number, to.reading.bases)
        to.terms += terms
        if is_compartment and patient is not None:
            to.patients.add(patient)


@remembering_short_texts
def _found(text: str, number: int, bases: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """Name the terms of a reference, and the patient that it leads to."""
    link = parse_reference(text, bases)
    is_patient = link.kind == "local" and link.type == "Patient"
    return _terms(number, link), link.id if is_patient else None


def _terms(number: int, link: Link) -> tuple[str, ...]:
    if link.kind == "local" and link.type and link.id:
        return (target_term(number, link.type, link.id),)
    return () if link.kind == "contained" else (uri_term(number, _unversioned(link)),)


def _add_canonical(number: int, value: str, collector: Collector) -> None:
    unversioned, _, version = value.partition("|")
    # What names no version ends like this, so that it is told from what names another one.
    whole = f"{unversioned}|{version}"
    collector.add(uri_term(number, whole), uri_term(number, unversioned))
    link = parse_reference(unversioned, collector.reading.bases)
    if link.kind == "local":
        collector.terms += _terms(number, link)


def _unversioned(link: Link) -> str:
    return _VERSION.sub("", link.text) if link.type else link.text
