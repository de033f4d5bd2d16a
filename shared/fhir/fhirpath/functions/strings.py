"""Texts and their parts.

https://hl7.org/fhirpath/N1/index.html#string-manipulation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.fhirpath.arithmetic import refuse_longer
from shared.fhir.fhirpath.collections import answer
from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.machine import Function
from shared.fhir.fhirpath.node import system_node
from shared.fhir.fhirpath.patterns import replaced, search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.fhirpath.machine import Invocation
    from shared.fhir.fhirpath.node import Node


def _text(call: Invocation) -> str | None:
    value = call.simple
    if value is not None and not isinstance(value, str):
        raise InvalidExpression("A text is expected.")
    return value


def _of_text(operation: Callable[[str], object]) -> Function:
    def run(call: Invocation) -> list[Node]:
        text = _text(call)
        return answer(None if text is None else operation(text))

    return Function(run)


def _with_text(operation: Callable[[str, str], object]) -> Function:
    def run(call: Invocation) -> list[Node]:
        text, other = _text(call), call.value()
        if other is not None and not isinstance(other, str):
            raise InvalidExpression("A text is expected.")
        return answer(None if text is None or other is None else operation(text, other))

    return Function(run, 1, 1)


def _substring(call: Invocation) -> list[Node]:
    text, start = _text(call), call.value()
    length = call.value(1) if len(call.arguments) > 1 else None
    if text is None or start is None:
        return []
    if not 0 <= start < len(text):
        return []
    return answer(text[start:] if length is None else text[start : start + max(0, length)])


def _replace(call: Invocation) -> list[Node]:
    text, old, new = _text(call), call.value(), call.value(1)
    if text is None or old is None or new is None:
        return []
    refuse_longer(len(text) + text.count(old) * len(new))
    return answer(text.replace(old, new))


def _matches(call: Invocation) -> list[Node]:
    text, pattern = _text(call), call.value()
    if text is None or pattern is None:
        return []
    return answer(search(pattern, text, call.machine.spend))


def _replace_matches(call: Invocation) -> list[Node]:
    text, pattern, new = _text(call), call.value(), call.value(1)
    if text is None or pattern is None or new is None:
        return []
    return answer(replaced(pattern, new, text, call.machine.spend))


def _to_chars(call: Invocation) -> list[Node]:
    text = _text(call) or ""
    call.machine.spend(len(text))
    return [system_node(character) for character in text]


FUNCTIONS: Final[Mapping[str, Function]] = {
    "indexOf": _with_text(lambda text, part: text.find(part)),
    "substring": Function(_substring, 1, 2),
    "startsWith": _with_text(lambda text, part: text.startswith(part)),
    "endsWith": _with_text(lambda text, part: text.endswith(part)),
    "contains": _with_text(lambda text, part: part in text),
    "upper": _of_text(lambda text: text.upper()),
    "lower": _of_text(lambda text: text.lower()),
    "length": _of_text(len),
    "trim": _of_text(lambda text: text.strip()),
    "replace": Function(_replace, 2, 2),
    "matches": Function(_matches, 1, 1),
    "replaceMatches": Function(_replace_matches, 2, 2),
    "toChars": Function(_to_chars),
}
