"""Reads JSON strictly: what is ambiguous or oversized is refused, and every digit is kept.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import gc
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jiter

from shared.fhir.errors import Malformed, TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, Any]

_CONTAINERS = frozenset({dict, list})
_minus_zero = re.compile(rb"-0[\s,\]}]").search
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a body may be; sizes in bytes of the JSON text.

    How long a number or a string may be depends on its element: validation checks these.
    """

    body_bytes: int = 50_000_000
    resource_bytes: int = 5_000_000
    depth: int = 64
    nodes: int = 1_000_000


LIMITS = Limits()


def read(raw: bytes, limits: Limits = LIMITS) -> JsonObject:
    """Read one JSON object.

    :raises Malformed: not JSON, a duplicate key, a lone surrogate, NaN, or nested too deep.
    :raises TooLarge: over a limit of size.
    """
    tree = _tree(raw, limits)
    if not isinstance(tree, dict):
        raise Malformed("The body must be one JSON object.")
    return tree


def read_sent(raw: bytes, limits: Limits = LIMITS) -> JsonObject:
    """Read one JSON object that a client sends; what is stored may have grown by an id and labels.

    :raises Malformed: as `read` does.
    :raises TooLarge: over a limit of size, that of one resource too.
    """
    tree = read(raw, limits)
    if len(raw) > limits.resource_bytes and tree.get("resourceType") != "Bundle":
        raise TooLarge(f"One resource may not be larger than {limits.resource_bytes:,} bytes.")
    return tree


def read_array(raw: bytes, limits: Limits = LIMITS) -> list[Any]:
    """Read one JSON array, such as a JSON Patch.

    :raises Malformed: not JSON, a duplicate key, a lone surrogate, NaN, or nested too deep.
    :raises TooLarge: over a limit of size.
    """
    if len(raw) > limits.resource_bytes:
        raise TooLarge(f"The body is larger than {limits.resource_bytes:,} bytes.")
    tree = _tree(raw, limits)
    if not isinstance(tree, list):
        raise Malformed("The body must be one JSON array.")
    return tree


def _tree(raw: bytes, limits: Limits) -> object:
    if len(raw) > limits.body_bytes:
        raise TooLarge(f"The body is larger than {limits.body_bytes:,} bytes.")
    tree = _parse(raw)
    # A tree nests no deeper, and has no more values, than its text has brackets and characters.
    brackets = raw.count(b"{") + raw.count(b"[")
    if len(raw) > limits.nodes:
        _refuse_too_many(tree, limits)
    if brackets > limits.depth:
        _refuse_too_deep(tree, limits, brackets)
    return tree


def _parse(raw: bytes) -> object:
    if raw.startswith(_BYTE_ORDER_MARKS):
        raise Malformed("The body must be UTF-8 without a byte order mark.")
    # What it makes has no cycles, and to look for some takes longer than to parse a large body.
    collects = gc.isenabled()
    gc.disable()
    try:
        tree: object = jiter.from_json(
            raw,
            allow_inf_nan=False,
            catch_duplicate_keys=True,
            float_mode="lossless-float",
            cache_mode="keys",
        )
        # What passed the strict parser is read again by one that shows the digits of an integer.
        return _signing_zeros.decode(raw.decode()) if _minus_zero(raw) else tree
    except ValueError as error:
        raise Malformed(_told(str(error))) from None
    finally:
        if collects:
            gc.enable()


def _integer(digits: str) -> int | jiter.LosslessFloat:
    # An int has no sign at zero.
    return jiter.LosslessFloat(b"-0") if digits == "-0" else int(digits)


_signing_zeros = json.JSONDecoder(
    parse_int=_integer, parse_float=lambda digits: jiter.LosslessFloat(digits.encode())
)


def _told(message: str) -> str:
    # The parser's message may quote a key of the body; only its kind and place are passed on.
    place = re.search(r"at line \d+ column \d+$", message)
    kind = "A key stands twice" if "uplicate key" in message else "The body is not valid JSON"
    return f"{kind}, {place.group()}." if place else f"{kind}."


def _refuse_too_many(tree: object, limits: Limits) -> None:
    nodes = 0
    for level in _levels(tree):
        nodes += sum(map(len, level))
        if nodes > limits.nodes:
            raise TooLarge(f"The body has more than {limits.nodes:,} values.")


def _refuse_too_deep(tree: object, limits: Limits, unseen: int) -> None:
    for depth, level in enumerate(_levels(tree), 1):
        if depth > limits.depth:
            raise Malformed(f"The body nests deeper than {limits.depth} levels.")
        unseen -= len(level)
        # What is left could not nest too deep if each were inside the one before.
        if depth + unseen <= limits.depth:
            return


def _levels(tree: object) -> Iterator[list[Any]]:
    level: list[Any] = [tree] if type(tree) in _CONTAINERS else []
    while level:
        yield level
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) in _CONTAINERS
        ]
