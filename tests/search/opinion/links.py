"""References and uris: whom a resource points to, here, elsewhere, or by a name.

https://hl7.org/fhir/R4/search.html#reference
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import RESOURCE_TYPES
from tests.search.opinion.problem import Problem
from tests.search.opinion.values import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.search.opinion.paths import Node

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_PLACE = re.compile(
    r"(?P<base>.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.-]{1,64})"
    r"(?P<version>/_history/[A-Za-z0-9.-]+)?(?P<part>#.*)?"
)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
URI_TYPES: Final = {"uri", "url", "canonical"}

# A resource of this server is a pair of type and id; anything else, a text.
Place = tuple[str, str] | str


def place(text: str, base: str) -> Place | None:
    """Tell what a reference points to, whatever its version; None for a contained resource."""
    if text.startswith("#"):
        return None
    found = _PLACE.fullmatch(text.removeprefix(f"{base}/"))
    if not found or found["type"] not in RESOURCE_TYPES:
        return text
    if found["base"] is None:
        return found["type"], found["id"]
    return f"{found['base']}{found['type']}/{found['id']}"


def places(node: Node, base: str) -> Iterator[Place]:
    """Tell what a value points to."""
    if node.type == "Reference":
        found = place(node.value["reference"], base) if "reference" in node.value else None
        if found is not None:
            yield found
    elif node.type in URI_TYPES:
        plain = node.value.partition("|")[0]
        yield from dict.fromkeys((node.value, plain))
        there = place(plain, base)
        if isinstance(there, tuple):
            yield there


class Sought:
    """An id, a type with an id, or an address."""

    def __init__(self, raw: str, base: str, targets: tuple[str, ...], only: str | None) -> None:
        text = unescaped(raw)
        self.found: set[Place] = set()
        if _ID.fullmatch(text):
            # A canonical may be written so that it looks like an id.
            self.found = {(only, text)} if only else {text, *((each, text) for each in targets)}
            return
        if text.startswith("#") or not (
            _ADDRESS.match(text) or isinstance(place(text, base), tuple)
        ):
            raise Problem(raw)
        there = place(text, base)
        assert there is not None
        kind = there[0] if isinstance(there, tuple) else _kind(there)
        if only and kind not in {only, None}:
            raise Problem(raw)
        # An address may stand as it is where a canonical does.
        self.found = {there, text} if isinstance(there, tuple) else {there}

    def matches(self, found: Place) -> bool:
        """Compare."""
        return found in self.found


def _kind(address: str) -> str | None:
    found = _PLACE.fullmatch(address)
    return found["type"] if found and found["type"] in RESOURCE_TYPES else None


class SoughtUri:
    """A uri, or what stands above or below it."""

    def __init__(self, raw: str, modifier: str | None) -> None:
        self.text, self.modifier = unescaped(raw), modifier
        if modifier in {"above", "below"} and "://" not in self.text:
            raise Problem(raw)

    def matches(self, node: Node) -> bool:
        """Compare; a canonical with its version, or without."""
        if node.type not in URI_TYPES:
            return False
        plain = node.value.partition("|")[0] if node.type == "canonical" else node.value
        if self.modifier is None:
            return self.text in {node.value, plain}
        if self.modifier == "contains":
            return self.text in plain
        ours, theirs = self.text.rstrip("/").split("/"), plain.rstrip("/").split("/")
        above, below = (theirs, ours) if self.modifier == "above" else (ours, theirs)
        return below[: len(above)] == above
