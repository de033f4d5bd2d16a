"""Tokens: codes, identifiers, truths, and what codes are called.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.fhir.definitions import required_codes
from tests.search.opinion.problem import Problem
from tests.search.opinion.values import parted, unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.search.opinion.paths import Node

CODED: Final = {"Coding", "CodeableConcept", "Identifier", "code"}


class Code(NamedTuple):
    """A code or identifier, and its systems; none that is known is the empty one."""

    systems: tuple[str, ...]
    code: str | None
    any_case: bool = False


def codes(node: Node) -> Iterator[Code]:
    """Give the codes of a value."""
    value = node.value
    match node.type:
        case "Coding" | "CodeableConcept":
            for each in value.get("coding", []) if node.type == "CodeableConcept" else [value]:
                yield Code((each.get("system", ""),), each.get("code"))
        case "Identifier":
            yield Code((value.get("system", ""),), value.get("value"))
        case "code":
            yield Code(tuple(_systems(node.binding, value)), value)
        case "uri" | "id" | "canonical":
            yield Code((), value)
        case _:
            yield from _in_any_case(node)


def _in_any_case(node: Node) -> Iterator[Code]:
    if node.type == "ContactPoint":
        if "value" in node.value:
            yield Code((), node.value["value"], any_case=True)
    elif node.type in {"boolean", "string"}:
        yield Code((), str(node.value).lower(), any_case=True)


def _systems(binding: str | None, code: str) -> Iterator[str]:
    for system, each in (required_codes(binding) or ()) if binding else ():
        if each == code:
            yield system


class Sought:
    """`code`, `system|code`, `|code` or `system|`."""

    def __init__(
        self, text: str, *, has_systems: bool = True, in_any_case: frozenset[str] = frozenset()
    ) -> None:
        self.in_any_case = in_any_case
        parts = parted(text, "|")
        self.system = unescaped(parts[0]) if len(parts) > 1 else None
        self.code = unescaped("|".join(parts[1:] or parts))
        if not (self.system or self.code) or (self.system is not None and not has_systems):
            raise Problem(text)

    def matches(self, found: Code) -> bool:
        """Compare the system, if any is asked for, and the code."""
        if self.system is not None and self.system not in found.systems:
            return False
        if self.code == "":
            return True
        if found.code is None:
            return False
        is_free = bool(self.in_any_case.intersection(found.systems))
        if is_free or (found.any_case and self.system is None):
            return found.code.casefold() == self.code.casefold()
        return found.code == self.code


def called(node: Node) -> Iterator[str]:
    """Give what a value is called."""
    value: dict[str, Any] = node.value
    match node.type:
        case "Coding":
            yield from _texts([value], "display")
        case "CodeableConcept":
            yield from _texts([value], "text")
            yield from _texts(value.get("coding", []), "display")
        case "Identifier":
            yield from _texts([value.get("type", {})], "text")


def _texts(values: list[dict[str, Any]], name: str) -> Iterator[str]:
    yield from (each[name] for each in values if name in each)


class SoughtOfType:
    """`system|code|value` of an identifier."""

    def __init__(self, text: str) -> None:
        parts = [unescaped(each) for each in parted(text, "|")]
        if len(parts) != 3 or not all(parts):
            raise Problem(text)
        self.system, self.code, self.value = parts

    def matches(self, node: Node) -> bool:
        """Compare the value, and each coding of the type."""
        if node.type != "Identifier" or node.value.get("value") != self.value:
            return False
        kinds = node.value.get("type", {}).get("coding", [])
        return any(
            (each.get("system"), each.get("code")) == (self.system, self.code) for each in kinds
        )
