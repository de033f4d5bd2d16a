"""What an expression is evaluated in: its variables, and what it may ask for from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.fhir.fhirpath.errors import InvalidExpression, TooCostlyExpression
from shared.fhir.fhirpath.node import Node, system_node

if TYPE_CHECKING:
    from datetime import datetime

    from shared.fhir.reader import JsonObject

# https://hl7.org/fhir/R4/fhirpath.html#variables
_CONSTANTS: Final = {
    "%ucum": "http://unitsofmeasure.org",
    "%sct": "http://snomed.info/sct",
    "%loinc": "http://loinc.org",
}
_PREFIXES: Final = {
    "%vs-": "http://hl7.org/fhir/ValueSet/",
    "%ext-": "http://hl7.org/fhir/StructureDefinition/",
}

Resolve = Callable[[str], "JsonObject | None"]
# Whether a node is in a value set, or conforms to a profile, of a url; None where it is unknown.
Judge = Callable[[Node, str], bool | None]


def _knows_nothing(*_: object) -> None:
    return None


class Steps:
    """How much work is allowed: for one evaluation, or for all that share it."""

    __slots__ = ("left",)

    def __init__(self, left: int = 100_000) -> None:
        self.left = left

    def spend(self, steps: int) -> None:
        """Count work that is about to be done.

        :raises TooCostlyExpression: it is too much.
        """
        self.left -= steps
        if self.left < 0:
            raise TooCostlyExpression("The expression takes too many steps.")


@dataclass(frozen=True, slots=True)
class Environment:
    """The world of one evaluation.

    `resource` is %resource, the nearest around the context; `root` is %rootResource, which
    contains it. `now` must be given to expressions that ask for the time.
    """

    resource: Node
    root: Node
    context: Node
    resolve: Resolve = _knows_nothing
    member_of: Judge = _knows_nothing
    conforms_to: Judge = _knows_nothing
    now: datetime | None = None
    variables: Mapping[str, list[Node]] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)

    def variable(self, name: str) -> list[Node]:
        """Find the value of `%name`.

        :raises InvalidExpression: there is no such variable.
        """
        own = {"%resource": self.resource, "%rootResource": self.root, "%context": self.context}
        if name in own:
            return [own[name]]
        if name.removeprefix("%") in self.variables:
            return self.variables[name.removeprefix("%")]
        if name in _CONSTANTS:
            return [system_node(_CONSTANTS[name])]
        for prefix, base in _PREFIXES.items():
            if name.startswith(prefix):
                return [system_node(base + name.removeprefix(prefix))]
        raise InvalidExpression(f"There is no variable {name}.")
