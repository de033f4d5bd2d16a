"""Rules that R4 states in the words of a definition, and gives no expression.

https://hl7.org/fhir/R4/conformance-rules.html#conflict
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.validation.finding import fault, joined, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.definitions import TypeDefinition
    from shared.fhir.validation.finding import Checker, Findings, Run

# https://www.rfc-editor.org/rfc/rfc3986#section-3.1
_absolute = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:").match
_PAGES: Final = frozenset({"self", "first", "previous", "next", "last"})
_LARGEST: Final = 2_147_483_647
_BLANKS: Final = str.maketrans("", "", " \t\r\n")
_RELATIVE: Final = "This must be an absolute URL."
_SIZE: Final = "The size must be that of the data, in bytes before base64."
_LINKS: Final = "A Bundle has one link of this relation."


def stated(definition: TypeDefinition) -> Iterator[Checker]:
    """Give the rules of a type; each sees an object whose shape is right."""
    # What can be an experiment has a canonical URL; a Device's is where it is in a network.
    if definition.kind == "resource" and {"url", "experimental"} <= definition.elements.keys():
        yield _absolute_at("url")
    if definition.name == "Attachment":
        yield _size_is_of_data
    if definition.name == "Bundle":
        yield _pages_are_one_each
    if definition.name == "Bundle.entry":
        yield _absolute_at("fullUrl")


def absolute_extensions(extensions: Checker) -> Checker:
    """Make the checker of extensions outside of others, each of which names its definition."""

    def check(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
        found = extensions(value, run)
        if found is not None:
            return found
        for index, extension in enumerate(value):
            if not _absolute(extension["url"]):
                found = joined(found, within(f"[{index}].url", fault("value", _RELATIVE)))
        return found

    return check


def _absolute_at(name: str) -> Checker:
    def check(value: dict[str, Any], _run: Run) -> Findings | None:
        if _absolute(value.get(name, "urn:")):
            return None
        return within(f".{name}", fault("invariant", _RELATIVE))

    return check


def _size_is_of_data(value: dict[str, Any], _run: Run) -> Findings | None:
    size = value.get("size")
    # What is no size, or no data, is told at its own place.
    if type(size) is not int or not 0 <= size <= _LARGEST or "data" not in value:
        return None
    try:
        data = binascii.a2b_base64(value["data"].translate(_BLANKS), strict_mode=True)
    except ValueError:
        return None
    return None if len(data) == size else within(".size", fault("invariant", _SIZE))


def _pages_are_one_each(value: dict[str, Any], _run: Run) -> Findings | None:
    found: Findings | None = None
    seen: set[str] = set()
    for index, link in enumerate(value.get("link", ())):
        relation = link.get("relation")
        if relation in seen & _PAGES:
            found = joined(found, within(f".link[{index}]", fault("invariant", _LINKS)))
        seen.add(relation)
    return found
