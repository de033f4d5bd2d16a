"""Whether there is something, and whether all or some of it is true.

https://hl7.org/fhirpath/N1/index.html#existence
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.fhirpath.collections import answer, distinct, identity, truth
from shared.fhir.fhirpath.machine import Function

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.fhirpath.machine import Invocation
    from shared.fhir.fhirpath.node import Node


def _exists(call: Invocation) -> list[Node]:
    if not call.arguments:
        return answer(bool(call.input))
    return answer(any(call.holds(index) for index in range(len(call.input))))


def _all(call: Invocation) -> list[Node]:
    return answer(all(call.holds(index) for index in range(len(call.input))))


def _not(call: Invocation) -> list[Node]:
    value = truth(call.input)
    return answer(None if value is None else not value)


def _within(inner: list[Node], outer: list[Node]) -> list[Node]:
    return answer({identity(node) for node in inner} <= {identity(node) for node in outer})


FUNCTIONS: Final[Mapping[str, Function]] = {
    "empty": Function(lambda call: answer(not call.input)),
    "exists": Function(_exists, 0, 1),
    "all": Function(_all, 1, 1),
    "allTrue": Function(lambda call: answer(all(truth([each]) for each in call.input))),
    "anyTrue": Function(lambda call: answer(any(truth([each]) for each in call.input))),
    "allFalse": Function(lambda call: answer(all(truth([each]) is False for each in call.input))),
    "anyFalse": Function(lambda call: answer(any(truth([each]) is False for each in call.input))),
    "subsetOf": Function(lambda call: _within(call.input, call.collection()), 1, 1),
    "supersetOf": Function(lambda call: _within(call.collection(), call.input), 1, 1),
    "count": Function(lambda call: answer(len(call.input))),
    "distinct": Function(lambda call: distinct(call.input)),
    "isDistinct": Function(lambda call: answer(len(distinct(call.input)) == len(call.input))),
    "not": Function(_not),
}
