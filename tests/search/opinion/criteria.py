"""Reads one parameter of a query to a test of a resource.

https://hl7.org/fhir/R4/search.html#parameters
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import RESOURCE_TYPES
from tests.search.opinion import dates, links, numbers, texts, tokens
from tests.search.opinion.paths import Node
from tests.search.opinion.problem import Problem, Unknown
from tests.search.opinion.thing import Thing, composite_parts, defined, types_of
from tests.search.opinion.values import parted

if TYPE_CHECKING:
    from tests.search.opinion.reading import Reading

Test = Callable[[Thing], bool]
OfNode = Callable[[Node], bool]

_CALLED: Final = {"Coding", "CodeableConcept", "Identifier"}
_CONCEPTS: Final = {"Coding", "CodeableConcept", "code"}
_OF_TERMINOLOGY: Final = {"in", "not-in", "above", "below"}


def criterion(reading: Reading, resource_type: str, name: str, text: str) -> Test:
    """Read a parameter that is no chain.

    :raises Problem: there is no such parameter or modifier, or a value cannot be read.
    """
    code, mark, modifier = name.partition(":")
    if mark and not modifier:
        raise Unknown(name)
    kind = defined(resource_type, code).type
    if modifier and modifier not in _modifiers(resource_type, code):
        raise Unknown(name)
    if modifier == "missing":
        return _missing(code, text)
    values = parted(text, ",")
    if not all(values):
        raise Problem(text)
    if code in {"_id", "_lastUpdated"}:
        return _of_the_record(reading, code, values, modifier)
    of_node = [
        _value(reading, (resource_type, code, kind), value, modifier or None) for value in values
    ]
    return _any(code, of_node, is_negated=modifier in {"not", "not-in"})


def _any(code: str, of_node: list[OfNode], *, is_negated: bool) -> Test:
    return lambda thing: (
        any(each(node) for node in thing.nodes(code) for each in of_node) != is_negated
    )


def _missing(code: str, text: str) -> Test:
    if text not in {"true", "false"}:
        raise Problem(text)
    if code in {"_id", "_lastUpdated"}:
        return lambda _: text == "false"
    return lambda thing: thing.has(code) == (text == "false")


def _of_the_record(reading: Reading, code: str, values: list[str], modifier: str) -> Test:
    """Read what the record itself knows of a resource; times are kept in milliseconds."""
    if code == "_id":
        ids = [tokens.Sought(each, has_systems=False) for each in values]
        return lambda thing: (
            any(each.matches(tokens.Code((), thing.id)) for each in ids) == (not modifier)
        )
    moments = [dates.Sought(each, reading.zone, reading.now) for each in values]

    def matches(thing: Thing) -> bool:
        low = dates.instant(thing.updated)
        return any(each.matches((low, low + dates.SECOND // 1000)) for each in moments)

    return matches


def _modifiers(resource_type: str, code: str) -> set[str]:
    definition, types = defined(resource_type, code), types_of(resource_type, code)
    match definition.type:
        case "token":
            found = {"not"} | ({"text"} if types & _CALLED else set())
            found |= {"of-type"} if "Identifier" in types else set()
            return found | (_OF_TERMINOLOGY if types & _CONCEPTS else set()) | {"missing"}
        case "string":
            return {"exact", "contains", "missing"}
        case "uri":
            return {"above", "below", "contains", "missing"}
        case "reference":
            return {"identifier", "missing", *(definition.targets or RESOURCE_TYPES)}
    return {"missing"}


def _value(
    reading: Reading, parameter: tuple[str, str, str], text: str, modifier: str | None
) -> OfNode:
    """Read a value to a test of a value of a resource."""
    resource_type, code, kind = parameter
    types = set(types_of(resource_type, code))
    match kind:
        case "token":
            return _token(reading, types, text, modifier)
        case "string":
            sought = texts.Sought(text, modifier)
            return lambda node: any(map(sought.matches, texts.pieces(node)))
        case "uri":
            return links.SoughtUri(text, modifier).matches
        case "reference":
            return _reference(reading, defined(resource_type, code).targets, text, modifier)
        case "composite":
            return _composite(reading, resource_type, code, text)
    return _compared(reading, kind, types, text)


def _compared(reading: Reading, kind: str, types: set[str], text: str) -> OfNode:
    if kind == "date":
        moment = dates.Sought(text, reading.zone, reading.now)
        return lambda node: any(map(moment.matches, dates.ranges(node, reading.zone)))
    if kind == "quantity":
        quantity = numbers.Sought.quantity(text)
        return lambda node: any(map(quantity.matches, numbers.numbers(node)))
    number = numbers.Sought(text, is_integer=numbers.integers_only(types))
    return lambda node: any(map(number.matches, numbers.numbers(node)))


def _token(reading: Reading, types: set[str], text: str, modifier: str | None) -> OfNode:
    if modifier == "text":
        words = texts.Sought(text, None)
        return lambda node: any(words.matches(texts.Piece(each)) for each in tokens.called(node))
    if modifier == "of-type":
        return tokens.SoughtOfType(text).matches
    if modifier in _OF_TERMINOLOGY:
        meant = {_as_written(reading, each) for each in reading.terminology(modifier, text)}
        return lambda node: any(
            _as_written(reading, (system, each.code)) in meant
            for each in tokens.codes(node)
            for system in each.systems
        )
    sought = tokens.Sought(
        text,
        has_systems=bool(types & tokens.CODED),
        in_any_case=reading.in_any_case if types & {"Coding", "CodeableConcept"} else frozenset(),
    )
    return lambda node: any(map(sought.matches, tokens.codes(node)))


def _as_written(reading: Reading, code: tuple[str, str | None]) -> tuple[str, str | None]:
    """Fold a code, where its system says that case does not matter."""
    return (code[0], (code[1] or "").casefold()) if code[0] in reading.in_any_case else code


def _reference(
    reading: Reading, targets: tuple[str, ...], text: str, modifier: str | None
) -> OfNode:
    if modifier == "identifier":
        token = tokens.Sought(text)

        def by_name(node: Node) -> bool:
            name: Any = node.value.get("identifier") if isinstance(node.value, dict) else None
            return name is not None and any(
                map(token.matches, tokens.codes(Node(name, "Identifier", node.root)))
            )

        return by_name
    sought = links.Sought(text, reading.base, targets or RESOURCE_TYPES, modifier)
    return lambda node: any(map(sought.matches, links.places(node, reading.base)))


def _composite(reading: Reading, resource_type: str, code: str, text: str) -> OfNode:
    """Read a composite: each part has a value in the same element."""
    parts = composite_parts(resource_type, code)
    values = parted(text, "$")
    if len(values) != len(parts) or not all(values):
        raise Problem(text)
    tests = [
        _value(
            reading, (resource_type, part.code, defined(resource_type, part.code).type), each, None
        )
        for part, each in zip(parts, values, strict=True)
    ]
    return lambda node: all(
        any(map(test, part.inside(node))) for part, test in zip(parts, tests, strict=True)
    )
