"""Asks for values that a record holds: texts of a query that find them, or nearly do.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import RESOURCE_TYPES
from tests.search.generated.datatypes import BASE
from tests.search.opinion import numbers, texts, tokens
from tests.search.opinion.thing import composite_parts, defined

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.search.opinion.paths import Node

# A modifier with its colon, or nothing, and a value.
Asked = tuple[str, str]

_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?(?:#.*)?")
_QUANTITIES: Final = {
    "Quantity", "SimpleQuantity", "MoneyQuantity", "Age", "Count", "Distance", "Duration",
}  # fmt: skip


def escaped(text: str) -> str:
    """Put a backslash before each sign that would part a value."""
    return re.sub(r"([\\,|$])", r"\\\1", text)


def asked(resource_type: str, code: str, node: Node, random: Random) -> list[Asked]:
    """Give texts that ask for a value; each of them finds it."""
    definition = defined(resource_type, code)
    if definition.type == "composite":
        return _composite(resource_type, code, node, random)
    return _SIMPLE[definition.type](node, random)


def _token(node: Node, random: Random) -> list[Asked]:
    found: list[Asked] = []
    for each in tokens.codes(node):
        if each.code:
            found.append(("", escaped(each.code)))
            found += [("", f"{escaped(system)}|{escaped(each.code)}") for system in each.systems]
        found += [("", f"{escaped(system)}|") for system in each.systems if system]
    found += [(":text", escaped(_start(each, random))) for each in _words(tokens.called(node))]
    if node.type == "Identifier" and "value" in node.value:
        for kind in node.value.get("type", {}).get("coding", []):
            parts = (kind.get("system"), kind.get("code"), node.value["value"])
            if all(parts):
                found.append((":of-type", "|".join(map(escaped, parts))))
    return found


def _words(found: Any) -> list[str]:  # noqa: ANN401
    return [each for each in found if texts.folded(each)]


def _start(text: str, random: Random) -> str:
    """Cut a text, not to nothing that can be searched."""
    length = random.randint(1, min(len(text), 300))
    cut = text[:length]
    return (
        cut
        if texts.folded(cut) and texts.folded(text).startswith(texts.folded(cut))
        else text[:300]
    )


def _string(node: Node, random: Random) -> list[Asked]:
    found: list[Asked] = []
    for each in texts.pieces(node):
        if not each.folded:
            continue
        found += [("", escaped(_start(each.text, random))), (":exact", escaped(each.text))]
        place = random.randrange(len(each.folded))
        part = each.folded[place : place + 100].strip()
        found += [(":contains", escaped(part))] if part else []
    return found


def _uri(node: Node, random: Random) -> list[Asked]:
    text = node.value
    plain = text.partition("|")[0] if node.type == "canonical" else text
    found = [("", escaped(text)), ("", escaped(plain)), (":contains", escaped(plain[-12:]))]
    if "://" in plain:
        scheme, _, path = plain.rstrip("/").partition("://")
        steps = path.split("/")
        above = "/".join(steps[: random.randint(1, len(steps))])
        found += [
            (":below", escaped(f"{scheme}://{above}")),
            (":above", escaped(f"{plain.rstrip('/')}/x")),
        ]
    return found


def _date(node: Node, random: Random) -> list[Asked]:
    found: list[Asked] = []
    for text in _moments(node):
        if node.type in {"date", "dateTime", "instant"}:
            found += [("", f"{prefix}{text}") for prefix in ("", "ge", "le", "ap")]
            # Elsewhere it may be the month, or the year, before.
            found += [("", text[:7])] if len(text) <= 10 else []
        elif node.type in {"Period", "Timing"}:
            # Of a period that begins and ends with it, it is the whole.
            is_whole = _moments(node) == [text, text]
            found += [("", f"ap{text}"), ("", f"{'eq' if is_whole else 'ne'}{text}")]
    return found


def _moments(node: Node) -> list[str]:
    value = node.value
    if isinstance(value, str):
        return [value]
    period = value if node.type == "Period" else value.get("repeat", {}).get("boundsPeriod", {})
    events = value.get("event", []) if node.type == "Timing" else []
    return [each for each in (*events, period.get("start"), period.get("end")) if each]


def _number(node: Node, random: Random) -> list[Asked]:
    found: list[Asked] = [("", f"{prefix}{node.value}") for prefix in ("", "ge", "le", "ap")]
    if node.type != "Range":
        return found
    ends = (node.value.get(end, {}).get("value") for end in ("low", "high"))
    # Both ends lie in the range, or touch it.
    return [("", f"ap{each}") for each in ends if each is not None]


def _quantity(node: Node, random: Random) -> list[Asked]:
    value = node.value
    if node.type in _QUANTITIES and "value" in value and "comparator" not in value:
        return [
            ("", f"{prefix}{value['value']}{unit}")
            for prefix in ("", "ge", "le", "ap")
            for unit in _units(value.get("system"), value.get("code"), value.get("unit"))
        ]
    if node.type in _QUANTITIES and "value" in value:
        side = "lt" if "<" in value["comparator"] else "gt"
        return [("", f"{side}{value['value']}")]
    if node.type == "Money" and "value" in value:
        units = _units("urn:iso:std:iso:4217", value.get("currency"), None)
        return [("", f"{value['value']}{unit}") for unit in units]
    if node.type == "SampledData":
        return [("", "ge-1e99")] if numbers.numbers(node) else []
    return _number(node, random) if node.type == "Range" else []


def _units(system: str | None, code: str | None, unit: str | None) -> list[str]:
    found = [f"||{escaped(each)}" for each in (code, unit) if each]
    return ["", *found, *([f"|{escaped(system)}|{escaped(code)}"] if system and code else [])]


def _reference(node: Node, random: Random) -> list[Asked]:
    if not isinstance(node.value, dict):
        plain = node.value.partition("|")[0]
        return [] if plain.startswith("#") else [("", escaped(node.value)), ("", escaped(plain))]
    found: list[Asked] = []
    text = (
        node.value.get("reference", "") if node.type == "Reference" else "".removeprefix(f"{BASE}/")
    )
    local = _LOCAL.fullmatch(text)
    if local and local[1] in RESOURCE_TYPES:
        name = f"{local[1]}/{local[2]}"
        found += [("", local[2]), ("", name), ("", f"{BASE}/{name}"), (f":{local[1]}", local[2])]
    elif text and not text.startswith("#"):
        found.append(("", escaped(text)))
    if node.type == "Reference" and "identifier" in node.value:
        named = node._replace(value=node.value["identifier"], type="Identifier")
        found += [(":identifier", value) for mark, value in _token(named, random) if not mark]
    return found


def _composite(resource_type: str, code: str, node: Node, random: Random) -> list[Asked]:
    parts = [
        [value for one in part.inside(node) for value in _of_part(one, random)]
        for part in composite_parts(resource_type, code)
    ]
    if not all(parts):
        return []
    return [("", "$".join(random.choice(each) for each in parts)) for _ in range(3)]


def _of_part(node: Node, random: Random) -> list[str]:
    for types, ask in _BY_TYPE:
        if node.type in types:
            return [value for mark, value in ask(node, random) if not mark]
    return []


_SIMPLE: Final[dict[str, Callable[[Node, Random], list[Asked]]]] = {
    "token": _token,
    "string": _string,
    "uri": _uri,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "reference": _reference,
}
_BY_TYPE: Final[tuple[tuple[set[str], Callable[[Node, Random], list[Asked]]], ...]] = (
    ({*tokens.CODED, "boolean"}, _token),
    ({"dateTime", "date", "instant", "Period", "Timing"}, _date),
    ({*_QUANTITIES, "Money", "SampledData"}, _quantity),
    ({"integer", "decimal", "Range", "positiveInt", "unsignedInt"}, _number),
    ({"Reference"}, _reference),
    ({"string", "markdown"}, _string),
    ({"uri"}, _uri),
)
