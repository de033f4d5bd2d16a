"""A StructureDefinition as a tree of rules: its snapshot, or its differential upon its base.

https://hl7.org/fhir/R4/profiling.html#snapshot
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import type_definition, type_names
from shared.fhir.profiles.rule import Discriminator, Rule, Slicing, TypeRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject

FHIR: Final = "http://hl7.org/fhir/StructureDefinition/"
_REMEMBERED: Final = 256
# No resource nests as deep; a tree that did could exhaust the stack of whoever walks it.
_DEEPEST: Final = 40
# How R4 itself slices: a choice by its type, extensions by their url.
_BY_TYPE: Final = Slicing((Discriminator("type", "$this"),), "open", ordered=False)
_BY_URL: Final = Slicing((Discriminator("value", "url"),), "open", ordered=False)

FindProfile = Callable[[str], "JsonObject | None"]


class Tree(NamedTuple):
    """A profile ready to be checked, what it was made of, and the bases that nobody knows."""

    root: Rule
    sources: tuple[JsonObject, ...]
    missing: tuple[str, ...]


_trees: dict[tuple[str, str], Tree] = {}


def tree_of(definition: JsonObject, find_profile: FindProfile) -> Tree:
    """Make the tree of a profile; it is remembered while it and its bases stay the same."""
    identity = definition.get("url", ""), definition.get("version", "")
    known = _trees.get(identity)
    sources, missing = _sources(definition, find_profile)
    if known is None or known.sources != sources or known.missing != missing:
        if len(_trees) >= _REMEMBERED:
            _trees.clear()
        known = _trees[identity] = Tree(_root(sources), sources, missing)
    return known


def _sources(
    definition: JsonObject, find_profile: FindProfile
) -> tuple[tuple[JsonObject, ...], tuple[str, ...]]:
    """List a profile and the bases it is written upon, until one says all there is to say."""
    found = [definition]
    while "snapshot" not in found[-1]:
        url = found[-1].get("baseDefinition", "").partition("|")[0]
        if url.removeprefix(FHIR) in type_names():
            break
        base = find_profile(url)
        if base is None:
            return tuple(found), (url,)
        if base in found:
            break
        found.append(base)
    return tuple(found), ()


def _root(sources: tuple[JsonObject, ...]) -> Rule:
    elements: dict[str, JsonObject] = {}
    for source in reversed(sources):
        for name, element in _named(source):
            elements[name] = _over(elements.get(name, {}), element)
    root = Rule(sources[0].get("type", ""))
    for name, element in elements.items():
        if name.count(".") + name.count("/") <= _DEEPEST:
            _place(root, name.split(".")[1:]).take(element)
    return root


def _named(source: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    part = source.get("snapshot") or source.get("differential") or {}
    for element in part.get("element", ()):
        slice_name = element.get("sliceName")
        written = f"{element['path']}:{slice_name}" if slice_name else element["path"]
        yield element.get("id", written), element


def _over(base: JsonObject, element: JsonObject) -> JsonObject:
    constraints = [*base.get("constraint", ()), *element.get("constraint", ())]
    return {**base, **element, **({"constraint": constraints} if constraints else {})}


def _place(root: Rule, steps: Iterable[str]) -> Rule:
    """Find the rule of an element by its id: `component:systolic.value[x]`."""
    rule, types = root, {root.name}
    for step in steps:
        written, _, slice_name = step.partition(":")
        name, choice = _element_name(written, types)
        rule = rule.child(name)
        types = _types_of(name, types)
        if choice is not None:
            rule = _sliced(rule, written, _BY_TYPE)
            rule.types, types = (choice,), {choice.code}
        for part in slice_name.split("/") if slice_name else ():
            rule = _sliced(rule, part, _default(name, written))
    return rule


def _sliced(rule: Rule, name: str, default: Slicing | None) -> Rule:
    rule.slicing = rule.slicing or default
    return rule.slice(name)


def _default(name: str, written: str) -> Slicing | None:
    if name in {"extension", "modifierExtension"}:
        return _BY_URL
    return _BY_TYPE if written.endswith("[x]") else None


def _element_name(written: str, types: set[str]) -> tuple[str, TypeRule | None]:
    """Name the element of a step; `valueQuantity` means `value[x]` of that type."""
    if written.endswith("[x]"):
        return written.removesuffix("[x]"), None
    for type_name in types:
        elements = type_definition(type_name).elements
        choices = [each for each in elements.values() if each.choice and written not in elements]
        for element, key in ((each, key) for each in choices for key in each.keys):
            if key.json == written:
                return element.name, TypeRule(key.type, (), ())
    return written, None


def _types_of(name: str, types: set[str]) -> set[str]:
    found: set[str] = set()
    for type_name in types:
        element = type_definition(type_name).elements.get(name)
        found |= {key.type for key in element.keys} if element else set()
    return found
