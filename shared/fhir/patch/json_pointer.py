"""JSON Pointer: the path of a value in a tree.

https://www.rfc-editor.org/rfc/rfc6901
"""

from __future__ import annotations

import re
from typing import Any, Final

from shared.fhir.errors import Malformed, RuleViolation

Pointer = tuple[str, ...]

# Beyond the last element of a list.
END: Final = "-"
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")


def parse_pointer(text: object) -> Pointer:
    """Read a pointer; the empty one is the whole tree.

    :raises Malformed: it is none.
    """
    if not isinstance(text, str) or (text and not text.startswith("/")) or _BAD_ESCAPE.search(text):
        raise Malformed("A path is a JSON Pointer, such as /name/0/family.")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def at(tree: Any, pointer: Pointer) -> Any:  # noqa: ANN401
    """Give the value at a pointer.

    :raises RuleViolation: there is none.
    """
    for step in pointer:
        tree = tree[key_in(tree, step)]
    return tree


def key_in(holder: Any, step: str) -> Any:  # noqa: ANN401
    """Give a step's key in a dict, or its index in a list, where it has a value.

    :raises RuleViolation: there is none.
    """
    if type(holder) is dict and step in holder:
        return step
    if type(holder) is list and _INDEX.fullmatch(step) and int(step) < len(holder):
        return int(step)
    raise RuleViolation("There is nothing at its path.")


def place_in(holder: list[Any], step: str) -> int:
    """Give the index in a list before which a value may be put.

    :raises RuleViolation: it is beyond the end.
    """
    if step == END:
        return len(holder)
    if _INDEX.fullmatch(step) and int(step) <= len(holder):
        return int(step)
    raise RuleViolation("Its index is not one of the list, nor the next one.")
