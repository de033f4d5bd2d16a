"""Walking the tree, and what FHIR adds: extensions, references, value sets and profiles.

https://hl7.org/fhirpath/N1/index.html#tree-navigation
https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.fhirpath.collections import answer, single
from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.machine import Function
from shared.fhir.fhirpath.navigation import children, children_named
from shared.fhir.fhirpath.node import Node, root_node
from shared.fhir.fhirpath.temporal import Temporal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.fhirpath.environment import Environment, Judge
    from shared.fhir.fhirpath.machine import Invocation


def _children(call: Invocation) -> list[Node]:
    return [child for node in call.input for child in children(node)]


def _descendants(call: Invocation) -> list[Node]:
    found: list[Node] = []
    level = call.input
    while level:
        level = [child for node in level for child in children(node)]
        call.machine.spend(len(level))
        found += level
    return found


def _extension(call: Invocation) -> list[Node]:
    url = call.value()
    found = [each for node in call.input for each in children_named(node, "extension")]
    return [each for each in found if type(each.value) is dict and each.value.get("url") == url]


def _has_value(call: Invocation) -> list[Node]:
    found = single(call.input)
    return answer(found is not None and found.value is not None and type(found.value) is not dict)


def _get_value(call: Invocation) -> list[Node]:
    return answer(call.only)


def _resolve(call: Invocation) -> list[Node]:
    found = (_resolved(node, call.machine.environment) for node in call.input)
    return [node for node in found if node is not None]


def _resolved(node: Node, environment: Environment) -> Node | None:
    text = node.value.get("reference") if type(node.value) is dict else node.value
    if not isinstance(text, str):
        return None
    if text.startswith("#"):
        return _contained(text[1:], environment)
    resource = environment.resolve(text)
    return None if resource is None else root_node(resource)


def _contained(name: str, environment: Environment) -> Node | None:
    if not name:
        return environment.root
    inside = children_named(environment.root, "contained")
    return next((each for each in inside if each.value.get("id") == name), None)


def _type(call: Invocation) -> list[Node]:
    found = []
    for node in call.input:
        namespace, _, name = node.type.rpartition(".")
        known = namespace if namespace == "System" else "FHIR"
        said = {"namespace": known, "name": name if known == "System" else node.type}
        found.append(Node(said, "System.TypeInfo"))
    return found


def _judged(which: str) -> Function:
    def run(call: Invocation) -> list[Node]:
        url, found = call.value(), single(call.input)
        judge: Judge = getattr(call.machine.environment, which)
        return answer(None if found is None or url is None else judge(found, url))

    return Function(run, 1, 1)


def _now(call: Invocation) -> Temporal:
    now = call.machine.environment.now
    if now is None:
        raise InvalidExpression("The time is not known where this expression is evaluated.")
    return Temporal.read(now.isoformat(timespec="milliseconds"))


def _today(call: Invocation) -> list[Node]:
    return answer(Temporal("date", _now(call).parts[:3]))


def _time_of_day(call: Invocation) -> list[Node]:
    return answer(Temporal("time", _now(call).parts[3:]))


def _trace(call: Invocation) -> list[Node]:
    # What it would write may be about a person.
    return call.input


FUNCTIONS: Final[Mapping[str, Function]] = {
    "children": Function(_children),
    "descendants": Function(_descendants),
    "extension": Function(_extension, 1, 1),
    "hasExtension": Function(lambda call: answer(bool(_extension(call))), 1, 1),
    "hasValue": Function(_has_value),
    "getValue": Function(_get_value),
    "resolve": Function(_resolve),
    "type": Function(_type),
    "memberOf": _judged("member_of"),
    "conformsTo": _judged("conforms_to"),
    "now": Function(lambda call: answer(_now(call))),
    "today": Function(_today),
    "timeOfDay": Function(_time_of_day),
    "trace": Function(_trace, 1, 2),
}
