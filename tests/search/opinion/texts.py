"""Texts: what is left of them when case, accents and punctuation do not matter.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from tests.search.opinion.problem import Problem
from tests.search.opinion.values import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.search.opinion.paths import Node

_PARTS: Final = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
}
_LONGEST: Final = 400
_LONGEST_PART: Final = 200


def folded(text: str) -> str:
    """Fold a text letter by letter, until nothing changes any more."""
    while True:
        found = "".join(
            _plain(c) for c in unicodedata.normalize("NFKD", text.casefold()).casefold()
        )
        found = " ".join(found.split())
        if found == text:
            return found
        text = found


def _plain(letter: str) -> str:
    category = unicodedata.category(letter)
    if category.startswith("P") or category in {"Mn", "Me", "Sk", "Cf"}:
        return ""
    return "" if letter.isascii() and category.startswith("S") else letter


class Piece:
    """A text of a resource; a family name may be found by a later word of it."""

    def __init__(self, text: str, *, by_words: bool = False) -> None:
        self.text = text
        self.folded = folded(text)
        words = re.split(r"[\s\u2010-\u2015-]+", text) if by_words else []
        self.starts = [self.folded]
        self.starts += [folded(" ".join(words[place:])) for place in range(1, len(words))]


def pieces(node: Node) -> Iterator[Piece]:
    """Give the texts of a value."""
    if node.type in {"string", "markdown"}:
        yield Piece(node.value, by_words=(node.holder, node.name) == ("HumanName", "family"))
    for part in _PARTS.get(node.type, ()):
        found = node.value.get(part)
        for text in found if isinstance(found, list) else [found]:
            if text is not None:
                yield Piece(text, by_words=part == "family")


class Sought:
    """A text of a query."""

    def __init__(self, raw: str, modifier: str | None) -> None:
        self.text, self.modifier = unescaped(raw), modifier
        self.folded = folded(self.text)
        longest = _LONGEST_PART if modifier == "contains" else _LONGEST
        if modifier != "exact" and not 0 < len(self.folded) <= longest:
            raise Problem(raw)

    def matches(self, piece: Piece) -> bool:
        """Compare as the modifier says."""
        if self.modifier == "exact":
            return piece.text == self.text
        if self.modifier == "contains":
            return self.folded in piece.folded
        return any(each.startswith(self.folded) for each in piece.starts)
