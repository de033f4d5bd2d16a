"""Which SearchParameters can be searched by, and what is kept of one; pure.

https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import RESOURCE_TYPES, search_parameters
from shared.fhir.errors import Issue
from shared.fhir.fhirpath import InvalidExpression, evaluate, root_node
from shared.fhir.search.parameters import is_view
from shared.fhir.search.stored import VALUES_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shared.fhir.reader import JsonObject

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_KEPT: Final = ("url", "code", "base", "type", "expression", "target", "description")
_SAME: Final = ("url", "code", "base", "type", "expression", "target")


def kept(definition: JsonObject) -> JsonObject:
    """Give what a search needs of a SearchParameter."""
    return {name: definition[name] for name in _KEPT if name in definition}


def is_same(one: JsonObject, other: JsonObject) -> bool:
    """Tell whether two definitions index alike."""
    return all(one.get(name) == other.get(name) for name in _SAME)


def is_of_r4(definition: JsonObject) -> bool:
    """Tell whether this is a parameter that R4 itself defines: it is served already."""
    return definition["url"] in _urls(definition["base"], definition["code"])


def faults(definitions: Sequence[JsonObject]) -> list[Issue]:
    """Find why definitions cannot be searched by, each by itself and beside the others."""
    issues = [each for definition in definitions for each in _faults(definition)]
    seen: dict[tuple[str, str], str] = {}
    for definition in definitions:
        for base in definition["base"]:
            first = seen.setdefault((base, definition["code"]), definition["url"])
            if first != definition["url"]:
                told = f"'{definition['code']}' of {base} is also defined by {first}."
                issues.append(_issue(definition, told, "code"))
    return issues


def _faults(definition: JsonObject) -> Iterator[Issue]:
    code, kind = definition["code"], definition["type"]
    if _CODE.fullmatch(code) is None:
        told = f"'{code}' is no code to search by: it is letters, digits and hyphens."
        yield _issue(definition, told, "code")
    if kind not in VALUES_OF:
        told = f"A parameter of type {kind} is not searched by; {', '.join(VALUES_OF)} are."
        yield _issue(definition, told, "type")
    for base in definition["base"]:
        if base not in RESOURCE_TYPES or is_view(base):
            yield _issue(definition, f"{base} is not a type that is searched.", "base")
        elif code in search_parameters(base):
            yield _issue(definition, f"R4 itself defines '{code}' of {base}.", "code")
        else:
            yield from _of_expression(definition, base)


def _of_expression(definition: JsonObject, base: str) -> Iterator[Issue]:
    expression = definition.get("expression", "")
    if not expression:
        yield _issue(definition, "There is no expression to find its values by.", "expression")
        return
    try:
        evaluate(expression, root_node({"resourceType": base}))
    except InvalidExpression as error:
        yield _issue(definition, f"Its expression is not of use. {error}", "expression")


def _issue(definition: JsonObject, told: str, element: str) -> Issue:
    text = f"{definition['url']}: {told}"
    return Issue("error", "invalid", text, f"SearchParameter.{element}")


def _urls(bases: Iterable[str], code: str) -> set[str]:
    known = (search_parameters(each).get(code) for each in bases if each in RESOURCE_TYPES)
    return {each.url for each in known if each is not None}
