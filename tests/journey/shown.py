"""Compares JSON as a document shows it with what a server answered.

All that is shown must be there, and nothing else, but for what an ellipsis leaves out: members of
an object, elements of an array, a whole value, or a part of a string. `{name}` in a string stands
for a value that is known by this name, or becomes known by it.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Names = dict[str, str]
ELLIPSIS = "…"
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|…|[^\s{}\[\],:"…]+')
_NAME = re.compile(r"\{([A-Za-z][A-Za-z0-9+-]*)\}")
_PART = re.compile(rf"({_NAME.pattern}|{ELLIPSIS})")


def read_shown(text: str) -> Any:  # noqa: ANN401
    """Read shown JSON, in which an ellipsis stands among members, elements and values."""
    tokens = _TOKEN.findall(text)
    written = list[str]()
    inside = list[str]()
    for i, token in enumerate(tokens):
        if token in ("{", "["):
            inside.append(token)
        elif token in ("}", "]"):
            inside.pop()
        is_member = inside[-1:] == ["{"] and tokens[i - 1] != ":"
        left_out = f'"{ELLIPSIS}": 0' if is_member else f'"{ELLIPSIS}"'
        written.append(left_out if token == ELLIPSIS else token)
    return json.loads(" ".join(written), parse_float=Decimal)


def filled(text: str, names: Mapping[str, str]) -> str:
    """Put known values in place of their names."""
    return _NAME.sub(lambda found: names[found[1]], text)


def matched(shown: object, actual: object, names: Names, what: str) -> Names:
    """Compare what is shown with what there is; give all names that are known then.

    :raises AssertionError: when anything shown is not so, naming the place.
    """
    comparison = _Comparison()
    found = next(comparison.ways(shown, actual, names, ""), None)
    if found is None:
        told = json.dumps(actual, indent=1, default=str, ensure_ascii=False)
        raise AssertionError(f"{what}: the answer differs at {comparison.deepest}:\n{told}")
    return found


class _Comparison:
    """Looks for ways to match, and remembers the deepest place at which one failed."""

    def __init__(self) -> None:
        self.deepest = ""

    def ways(self, shown: Any, actual: Any, names: Names, place: str) -> Iterator[Names]:  # noqa: ANN401
        """Find each way in which the names can stand for what there is."""
        if shown == ELLIPSIS:
            yield names
        elif isinstance(shown, dict) and isinstance(actual, dict):
            yield from self._members(shown, actual, names, place)
        elif isinstance(shown, list) and isinstance(actual, list):
            yield from self._elements(shown, actual, names, f"{place}[{len(actual)}]")
        elif isinstance(shown, str) and isinstance(actual, str):
            yield from self._texts(shown, actual, names, place)
        elif _is_same(shown, actual):
            yield names
        else:
            self._failed(place)

    def _members(
        self, shown: dict[str, Any], actual: dict[str, Any], names: Names, place: str
    ) -> Iterator[Names]:
        left = {name: value for name, value in shown.items() if name != ELLIPSIS}
        unknown = left.keys() ^ actual.keys() if len(left) == len(shown) else left - actual.keys()
        if unknown:
            self._failed(f"{place}.{min(unknown)}")
            return
        yield from self._each(list(left.items()), actual, names, place)

    def _each(
        self, left: Sequence[tuple[str, Any]], actual: dict[str, Any], names: Names, place: str
    ) -> Iterator[Names]:
        if not left:
            yield names
            return
        (name, value), *others = left
        for known in self.ways(value, actual[name], names, f"{place}.{name}"):
            yield from self._each(others, actual, known, place)

    def _elements(
        self, shown: list[Any], actual: list[Any], names: Names, place: str
    ) -> Iterator[Names]:
        if not shown:
            if actual:
                self._failed(place)
            else:
                yield names
            return
        first, *others = shown
        if first == ELLIPSIS:
            for skipped in range(len(actual) + 1):
                yield from self._elements(others, actual[skipped:], names, place)
        elif actual:
            for known in self.ways(first, actual[0], names, place):
                yield from self._elements(others, actual[1:], known, place)
        else:
            self._failed(place)

    def _texts(self, shown: str, actual: str, names: Names, place: str) -> Iterator[Names]:
        new = list[str]()
        pattern = "".join(_pattern(part, names, new) for part in _parts(shown))
        found = re.fullmatch(pattern, actual, re.DOTALL)
        if found is None:
            self._failed(place)
        else:
            yield names | dict(zip(new, found.groups(), strict=True))

    def _failed(self, place: str) -> None:
        self.deepest = max(self.deepest, place, key=lambda each: each.count(".") * 100 + len(each))


def _parts(shown: str) -> list[str]:
    ends = [0, *(end for found in _PART.finditer(shown) for end in found.span()), len(shown)]
    return [shown[a:b] for a, b in pairwise(ends) if a < b]


def _pattern(part: str, names: Mapping[str, str], new: list[str]) -> str:
    if part == ELLIPSIS:
        return ".*"
    name = _NAME.fullmatch(part)
    if name is None:
        return re.escape(part)
    if name[1] in names:
        return re.escape(names[name[1]])
    new.append(name[1])
    return r"([A-Za-z0-9.:+_-]+)"


def _is_same(shown: object, actual: object) -> bool:
    return isinstance(shown, bool) == isinstance(actual, bool) and shown == actual


def mutants(shown: Any) -> Iterator[Any]:  # noqa: ANN401
    """Give copies of what is shown that each show one thing otherwise."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            if name != ELLIPSIS:
                yield from ({**shown, name: wrong} for wrong in mutants(value))
                yield {(f"{name}X" if each == name else each): v for each, v in shown.items()}
    elif isinstance(shown, list):
        for i, value in enumerate(shown):
            yield from ([*shown[:i], wrong, *shown[i + 1 :]] for wrong in mutants(value))
    elif shown != ELLIPSIS:
        yield f"not {shown}"
