"""Remembers what the same short text meant before; a long one seldom comes again."""

from __future__ import annotations

from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_REMEMBERED: Final = 8192
# A text may have a million characters: held by the thousand, they would fill the memory.
_LONGEST: Final = 200

_Others = ParamSpec("_Others")
_Result = TypeVar("_Result")


def remembering_short_texts(
    function: Callable[Concatenate[str, _Others], _Result],
) -> Callable[Concatenate[str, _Others], _Result]:
    """Keep the last results of a pure function whose first argument is a text."""
    # mypy does not see that what is remembered by its arguments still takes them.
    remembering = cast(
        "Callable[Concatenate[str, _Others], _Result]", lru_cache(_REMEMBERED)(function)
    )

    @wraps(function)
    def answer(text: str, /, *others: _Others.args, **named: _Others.kwargs) -> _Result:
        recalled = remembering if len(text) <= _LONGEST else function
        return recalled(text, *others, **named)

    return answer
