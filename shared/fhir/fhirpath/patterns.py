r"""Regular expressions of FHIRPath, refused where a text could make them run without end.

A group that varies inside and repeats itself, `(a+)+`, may take time exponential in the text; a
number of free repeats side by side takes a power of it, which is counted as steps beforehand.

https://hl7.org/fhirpath/N1/index.html#matchesregex-string-boolean
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.fhirpath.errors import InvalidExpression, TooCostlyExpression

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE: Final = re.compile(
    r"\\(?P<back>[1-9])|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?P<ahead>\?(?:[=!]|<[=!]|P=|\())?"
    r"|(?P<close>\))|(?P<either>\|)"
    r"|(?P<repeat>[*+?]|\{(?P<least>[0-9]*)(?P<comma>,)?(?P<most>[0-9]*)\})[?+]?|.",
    re.DOTALL,
)
_GROUP_OF_NEW: Final = re.compile(r"\$(?:\{(\w+)\}|([0-9]+))")
_SOME: Final = 100
# What the engine does in the time of one step of ours.
_CHARACTERS_PER_STEP: Final = 1_000


class _Pattern(NamedTuple):
    compiled: re.Pattern[str]
    power: int


def search(pattern: str, text: str, spend: Callable[[int], None]) -> bool:
    """Tell whether a pattern is found in a text.

    :raises InvalidExpression: it is no pattern.
    :raises TooCostlyExpression: it could take too long.
    """
    return _ready(pattern, text, spend).search(text) is not None


def replaced(pattern: str, new: str, text: str, spend: Callable[[int], None]) -> str:
    """Replace every match; `$1` or `${name}` in what is new stands for a group.

    :raises InvalidExpression: it is no pattern, or names a group that it does not have.
    :raises TooCostlyExpression: it could take too long.
    """
    template = _GROUP_OF_NEW.sub(r"\\g<\1\2>", new.replace("\\", "\\\\"))
    compiled = _ready(pattern, text, spend)
    spend(len(text) * len(new) // _SOME)
    try:
        return compiled.sub(template, text)
    except (re.error, IndexError):
        raise InvalidExpression("The replacement names a group that is not there.") from None


def _ready(pattern: str, text: str, spend: Callable[[int], None]) -> re.Pattern[str]:
    compiled, power = _pattern(pattern)
    spend(len(text) ** power // _CHARACTERS_PER_STEP)
    return compiled


@lru_cache(512)
def _pattern(pattern: str) -> _Pattern:
    power = _power(pattern)
    try:
        return _Pattern(re.compile(pattern, re.DOTALL), power)
    except (re.error, OverflowError, RecursionError):
        raise InvalidExpression("This is no regular expression.") from None


def _power(pattern: str) -> int:
    """Tell the power of the text's length that a search may take."""
    power = 0 if pattern.startswith("^") else 1
    # Whether each open group varies, and whether the piece just before does.
    varies, last = [False], False
    for piece in _PIECE.finditer(pattern):
        if piece["back"] or piece["ahead"]:
            raise InvalidExpression("Back references and conditions are not supported.")
        if piece.group().startswith("("):
            varies.append(False)
        elif piece["close"]:
            last = varies.pop() if len(varies) > 1 else False
            varies[-1] |= last
        elif piece["repeat"]:
            most = _most(piece)
            if last and most > 1:
                raise TooCostlyExpression("A group that varies may not be repeated.")
            varies[-1] |= piece["repeat"] == "?" or piece["comma"] is not None or most > _SOME
            power += most > _SOME
        else:
            varies[-1] |= bool(piece["either"])
            last = False
    return power


def _most(piece: re.Match[str]) -> int:
    if piece["repeat"] in {"*", "+"}:
        return _SOME + 1
    if piece["repeat"] == "?":
        return 1
    if piece["comma"]:
        return int(piece["most"]) if piece["most"] else _SOME + 1
    return int(piece["least"] or 1)
