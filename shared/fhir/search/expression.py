"""The paths that a search parameter's FHIRPath selects, resolved to JSON keys and end types.

R4's expressions use a small part of FHIRPath: plain paths, `as`, `where`, `extension` and an index.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import RESOURCE_TYPES, Element, type_definition
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

_CAST = re.compile(r"\((\S+) as (\w+)\)")
_STEP = re.compile(
    r"\.?(?:(?P<call>as|ofType|where|extension)\((?P<argument>[^()]*(?:\([^()]*\)[^()]*)?)\)"
    r"|\[(?P<index>\d+)\]|(?P<name>\w+))"
)
_CONDITION = re.compile(
    r"resolve\(\) is (?P<type>\w+)|hasExtension\('(?P<url>.*)'\)"
    r"|(?P<member>\w+)\s*=\s*'(?P<text>.*)'"
)
_ROOTS: Final = frozenset({*RESOURCE_TYPES, "Resource", "DomainResource"})
_ROOT: Final = Element("", 1, 1, choice=False, keys=())
# The one expression that computes: it is true or false of every Patient.
_DECEASED: Final = "Patient.deceased.exists() and Patient.deceased != false"


class Condition(NamedTuple):
    """What a value must be for the path to go on through it."""

    kind: str
    argument: str
    member: str = ""

    def holds(self, value: JsonObject, place: int, root: JsonObject) -> bool:
        """Tell whether the value, at this place of its list, is selected."""
        if self.kind == "type":
            return _target_type(value, root) == self.argument
        if self.kind == "url":
            return any(each.get("url") == self.argument for each in value.get("extension", ()))
        if self.kind == "place":
            return place == int(self.argument)
        return bool(value.get(self.member) == self.argument)


class Step(NamedTuple):
    """One JSON property on the way, what its values must be, and whether it holds a list."""

    key: str
    condition: Condition | None = None
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """A way through the JSON of a type to the values of a parameter.

    `type` is that of the values, `element` the last one on the way and `holder` the type that has
    it. Every valid resource has a value where the path is `required`, at most one if `single`.
    """

    steps: tuple[Step, ...]
    type: str
    element: Element = _ROOT
    holder: str = ""
    required: bool = True
    single: bool = True


@cache
def paths(resource_type: str, expression: str) -> tuple[Path, ...]:
    """Resolve an expression of R4's definitions."""
    if expression == _DECEASED:
        return (Path((), "living"),)
    found: list[Path] = []
    for alternative in expression.split(" | "):
        found += _resolve(resource_type, _CAST.sub(r"\1.as(\2)", alternative.strip()))
    return tuple(found)


def _resolve(resource_type: str, text: str) -> Iterator[Path]:
    matches = list(_STEP.finditer(text))
    if "".join(match[0] for match in matches) != text:
        raise ValueError(text)
    ways = [Path((), resource_type)]
    for match in matches[matches[0]["name"] in _ROOTS :]:
        ways = [after for way in ways for after in _follow(way, match)]
    for way in ways:
        # An expression that ends at an extension means its value.
        yield from _enter(way, "value") if way.type == "Extension" else (way,)


def _follow(path: Path, match: re.Match[str]) -> Iterator[Path]:
    call, argument = match["call"], match["argument"]
    if match["index"]:
        yield replace(_narrowed(path, Condition("place", match["index"])), single=path.single)
    elif call in {"as", "ofType"}:
        if path.type == argument:
            yield path
    elif call == "where":
        yield _narrowed(path, _condition(argument))
    elif call == "extension":
        for way in _enter(path, "extension"):
            yield _narrowed(way, Condition("member", argument.strip("'"), "url"))
    else:
        yield from _enter(path, match["name"])


def _enter(path: Path, name: str) -> Iterator[Path]:
    element = type_definition(path.type).elements.get(name)
    if element is None:
        return
    for key in element.keys:
        yield Path(
            (*path.steps, Step(key.json, repeats=element.max != 1)),
            key.type,
            element,
            path.type,
            required=path.required and element.min > 0,
            single=path.single and element.max == 1,
        )


def _narrowed(path: Path, condition: Condition) -> Path:
    *before, last = path.steps
    return replace(path, steps=(*before, last._replace(condition=condition)), required=False)


def _condition(argument: str) -> Condition:
    found = _CONDITION.fullmatch(argument)
    if found is None:
        raise ValueError(argument)
    if found["member"]:
        return Condition("member", found["text"], found["member"])
    return Condition("type", found["type"]) if found["type"] else Condition("url", found["url"])


def _target_type(reference: JsonObject, root: JsonObject) -> str | None:
    text = reference.get("reference")
    link = parse_reference(text) if type(text) is str else None
    if link is not None and link.type is not None:
        return link.type
    if link is not None and link.kind == "contained":
        inside = (each for each in root.get("contained", ()) if each.get("id") == link.id)
        return next((each.get("resourceType") for each in inside), None)
    return reference.get("type")
