"""FHIRPath: a small evaluator over plain JSON trees, with the types that the definitions know.

An expression is read once and remembered. Whatever it says, it ends: texts, depth and steps are
bounded, and `trace()` writes nowhere.

https://hl7.org/fhirpath/N1/index.html
https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.fhirpath.collections import truth
from shared.fhir.fhirpath.environment import Environment, Steps
from shared.fhir.fhirpath.errors import InvalidExpression, TooCostlyExpression
from shared.fhir.fhirpath.functions import FUNCTIONS
from shared.fhir.fhirpath.machine import Frame, Machine
from shared.fhir.fhirpath.node import Node, root_node, values
from shared.fhir.fhirpath.parser import parse

if TYPE_CHECKING:
    from shared.fhir.fhirpath.syntax import Expression

__all__ = [
    "Environment",
    "InvalidExpression",
    "Node",
    "Steps",
    "TooCostlyExpression",
    "evaluate",
    "holds",
    "parse",
    "root_node",
    "values",
]


def evaluate(
    expression: str | Expression, node: Node, environment: Environment | None = None
) -> list[Node]:
    """Evaluate an expression at a node; without an environment the node is its own world.

    :raises InvalidExpression: it cannot be read or computed.
    :raises TooCostlyExpression: it takes more steps than the environment allows.
    """
    tree = parse(expression) if isinstance(expression, str) else expression
    world = environment or Environment(node, node, node)
    return Machine(world, FUNCTIONS).run(tree, Frame([node]))


def holds(
    expression: str | Expression, node: Node, environment: Environment | None = None
) -> bool | None:
    """Tell whether a rule holds at a node; None where the expression gives nothing.

    :raises InvalidExpression: it cannot be read or computed, or gives several values.
    """
    return truth(evaluate(expression, node, environment))
