"""Rules as they are enforced agree with FHIRPath, on official examples and on damaged ones."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import fhirpathpy
import pytest
from fhirpathpy.models import models

from shared.fhir.definitions import RESOURCE_TYPES, Invariant, invariants, type_definition
from shared.fhir.fhirpath import Environment, InvalidExpression, Node, Steps, holds, root_node
from shared.fhir.fhirpath.navigation import children
from shared.fhir.reader import read
from shared.fhir.validation.finding import Run
from shared.fhir.validation.invariants import test_of as compiled
from shared.fhir.validation.invariants.by_hand import BY_HAND
from shared.fhir.validation.invariants.rewrites import LEFT_OUT, REWRITTEN, expression_of
from tests.conformance.test_examples import PACKAGE, examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="var/examples/package is absent: run make examples"
)
# What FHIRPath can tell only of resources that are elsewhere.
UNRESOLVED = {"ctm-1"}
# Expressions that cost too much to be asked of anybody's text, as the evaluator sees them.
UNBOUNDED = {"eld-19", "eld-20"}
# What fhirpathpy 2.2 has no function for, or reads otherwise than the specification.
BEYOND_FHIRPATHPY = ("hasValue", "hasExtension", "trace", "descendants", " is ", ".is(", "matches")


class Place(NamedTuple):
    """An object of a resource, with the resources around it."""

    node: Node
    resource: Node
    root: Node


def places(place: Place) -> Iterator[Place]:
    if type(place.node.value) is dict:
        yield place
    for child in children(place.node):
        if child.type not in RESOURCE_TYPES:
            yield from places(Place(child, place.resource, place.root))
        elif child.name == "contained":
            yield from places(Place(child, child, place.root))
        else:
            yield from places(Place(child, child, child))


def sample(size: int) -> list[Path]:
    small = [path for path in examples() if path.stat().st_size < 30_000]
    return random.Random(4).sample(small, size)


def damaged(resource: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Take some members out of a resource, at any depth; its shape stays right."""
    root = root_node(resource)
    objects = [place.node.value for place in places(Place(root, root, root))]
    for _ in range(3):
        holder = chance.choice(objects)
        lost = chance.choice([*holder, "resourceType"])
        if lost != "resourceType":
            del holder[lost]
    return resource


def resources(size: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(5)
    for path in sample(size):
        yield read(path.read_bytes())
        yield damaged(read(path.read_bytes()), chance)


def asked(size: int) -> Iterator[tuple[Place, Invariant]]:
    """Give each rule at each object of the sample that it is about."""
    for resource in resources(size):
        root = root_node(resource)
        for place in places(Place(root, root, root)):
            for rule in invariants(place.node.type):
                if not rule.element and rule.key not in LEFT_OUT:
                    yield place, rule


def by_fhirpath(expression: str, place: Place) -> bool | None:
    environment = Environment(place.resource, place.root, place.node, steps=Steps(10**9))
    try:
        return holds(expression, place.node, environment)
    except InvalidExpression:
        return None


def as_enforced(rule: Invariant, place: Place) -> bool | None:
    run = Run(100)
    run.resource, run.root = place.resource.value, place.root.value
    node = place.node
    return compiled(node.type, rule, frozenset({node.type}))(node.value, run)


def test_a_compiled_rule_and_the_evaluator_agree() -> None:
    count, differing = 0, set()
    for place, rule in asked(250):
        if (place.node.type, rule.key) in BY_HAND or rule.key in UNBOUNDED:
            continue
        count += 1
        expression = expression_of(place.node.type, rule.key, rule.expression)
        if as_enforced(rule, place) is not by_fhirpath(expression, place):
            differing.add((place.node.type, rule.key))

    assert count > 5_000
    assert differing == set()


def test_a_rule_by_hand_agrees_with_its_fhirpath_where_that_decides() -> None:
    count, differing = 0, set()
    for place, rule in asked(400):
        if (place.node.type, rule.key) not in BY_HAND or rule.key in UNRESOLVED:
            continue
        expected = by_fhirpath(rule.expression, place)
        count += expected is not None
        if expected is not None and as_enforced(rule, place) is not expected:
            differing.add((place.node.type, rule.key))

    assert count > 1_000
    assert differing == set()


def test_a_rule_of_a_resource_agrees_with_fhirpathpy() -> None:
    count, differing = 0, set()
    for place, rule in asked(150):
        expression = rule.expression
        told = any(each in expression for each in BEYOND_FHIRPATHPY)
        if told or place.node is not place.root or (place.node.type, rule.key) in REWRITTEN:
            continue
        plain = json.loads(json.dumps(place.node.value, default=float))
        found = fhirpathpy.evaluate(plain, expression, {"resource": plain}, models["r4"])
        expected = found[0] if found else None
        count += 1
        if by_fhirpath(expression, place) is not expected:
            differing.add((place.node.type, rule.key))

    assert count > 100
    assert differing == set()


def test_the_sample_meets_most_kinds_of_rules() -> None:
    met = {(place.node.type, rule.key) for place, rule in asked(400)}

    assert len(met) > 80
    assert all(type_definition(name) for name, _ in met)
