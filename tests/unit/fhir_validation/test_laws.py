"""Laws of validation: order does not matter, and one fault anywhere is one issue at its place."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.fhir.definitions import type_definition
from shared.fhir.fhirpath import root_node
from shared.fhir.fhirpath.navigation import children
from shared.fhir.validation import validate
from tests.unit.fhir_validation.resources import VALID, damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.fhirpath import Node

Place = tuple[str | int, ...]
_step = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")


def objects_in(node: Any, place: Place = ()) -> Iterator[Place]:  # noqa: ANN401
    if isinstance(node, dict):
        yield place
    children = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for step, child in children:
        yield from objects_in(child, (*place, step))


def evaluated(resource: dict[str, Any], expression: str) -> list[Any]:
    """Follow an expression of steps and indexes; a choice or a twin answers to its element."""
    nodes: list[Any] = [resource]
    for name, index in _step.findall(expression):
        if index:
            nodes = [node[int(index)] for node in nodes if isinstance(node, list)]
        else:
            named = re.compile(rf"_?{name}([A-Z]\w*)?").fullmatch
            nodes = [
                child
                for node in nodes
                if isinstance(node, dict)
                for key, child in node.items()
                if named(key)
            ]
    return nodes


def shuffled(node: Any, data: st.DataObject) -> Any:  # noqa: ANN401
    if isinstance(node, dict):
        keys = data.draw(st.permutations(list(node)))
        return {key: shuffled(node[key], data) for key in keys}
    if isinstance(node, list):
        return [shuffled(child, data) for child in node]
    return node


@pytest.mark.parametrize("resource_type", VALID)
@settings(max_examples=25)
@given(data=st.data())
def test_a_valid_resource_stays_valid_however_its_members_are_ordered(
    resource_type: str, data: st.DataObject
) -> None:
    assert validate(shuffled(VALID[resource_type], data)) == []


@pytest.mark.parametrize("resource_type", VALID)
@settings(max_examples=50)
@given(data=st.data())
def test_an_unknown_property_in_any_object_is_one_issue_that_leads_to_it(
    resource_type: str, data: st.DataObject
) -> None:
    resource = VALID[resource_type]
    place = data.draw(st.sampled_from(list(objects_in(resource))))
    mark = {"mark": 1}

    faulty = damaged(resource, ".".join(map(str, (*place, "unknown"))), mark)
    (issue,) = validate(faulty)
    assert issue.expression is not None
    assert mark in evaluated(faulty, issue.expression.removeprefix(resource_type))


@pytest.mark.parametrize("resource_type", VALID)
@settings(max_examples=50)
@given(data=st.data())
def test_an_empty_object_in_any_place_is_an_issue_that_leads_to_it(
    resource_type: str, data: st.DataObject
) -> None:
    resource = VALID[resource_type]
    place = data.draw(st.sampled_from([place for place in objects_in(resource) if place]))

    faulty = damaged(resource, ".".join(map(str, place)), {})
    found = [
        evaluated(faulty, issue.expression.removeprefix(resource_type))
        for issue in validate(faulty)
        if issue.expression is not None
    ]
    assert any({} in nodes for nodes in found)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "extension", "url", "valueString", "_valueString", "given"])
            | st.text(max_size=6),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    value=anything, key=st.sampled_from(["name", "extension", "_birthDate", "text", "contained"])
)
def test_whatever_stands_in_a_resource_validation_answers_and_answers_the_same_again(
    key: str, value: object
) -> None:
    resource = {"resourceType": "Patient", key: value}

    first = validate(resource)
    assert validate(resource) == first
    assert all(issue.expression and issue.expression.startswith("Patient") for issue in first)


def places_in(node: Any, place: Place = ()) -> Iterator[Place]:  # noqa: ANN401
    yield place
    children = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for step, child in children:
        yield from places_in(child, (*place, step))


junk: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(["", "x", "#x", "2026", "*", "-1"]),
    st.sampled_from([[], {}, [[]], [{}], [None], [1], ["x"], {"x": 1}, {"value": "x"}]),
)


@pytest.mark.parametrize("resource_type", VALID)
@settings(max_examples=100)
@given(data=st.data())
def test_whatever_stands_in_place_of_something_valid_validation_answers(
    resource_type: str, data: st.DataObject
) -> None:
    resource = VALID[resource_type]
    place = data.draw(st.sampled_from([place for place in places_in(resource) if place]))

    faulty = damaged(resource, ".".join(map(str, place)), data.draw(junk))
    for issue in validate(faulty, warnings=True):
        root = (issue.expression or "").partition(".")[0]
        assert root in {resource_type, "Resource"}


@pytest.mark.parametrize("resource_type", VALID)
@settings(max_examples=50)
@given(data=st.data())
def test_an_object_where_a_primitive_belongs_is_one_issue_at_its_place(
    resource_type: str, data: st.DataObject
) -> None:
    resource = VALID[resource_type]
    texts = [
        place
        for place in places_in(resource)
        if isinstance(value_at(resource, place), str | int) and place[-1] != "resourceType"
    ]
    place = data.draw(st.sampled_from(texts))
    mark = {"mark": 1}

    faulty = damaged(resource, ".".join(map(str, place)), mark)
    (issue,) = validate(faulty)
    assert issue.code == "structure"
    assert issue.expression is not None
    assert mark in evaluated(faulty, issue.expression.removeprefix(resource_type))


# What stands in the place of any array or object there is, and has one fault in its form
MISSHAPEN: list[object] = ["x", 7, True, [], [[]], [7]]


@pytest.mark.parametrize("resource_type", VALID)
@settings(max_examples=50)
@given(data=st.data())
def test_another_json_form_in_any_place_is_one_issue_that_leads_to_it(
    resource_type: str, data: st.DataObject
) -> None:
    resource = VALID[resource_type]
    places = [
        place
        for place in places_in(resource)
        # A twin is told at its element, where that is told already.
        if place
        and not any(str(step).startswith("_") for step in place)
        and f"_{place[-1]}" not in value_at(resource, place[:-1])
        # Nobody is left to refer to a contained resource that is not one, nor it to others.
        and place[-1] not in {"contained", "resourceType"}
        and "contained" not in place
        and isinstance(value_at(resource, place), dict | list)
    ]
    place = data.draw(st.sampled_from(places))
    wrong = data.draw(st.sampled_from(MISSHAPEN))

    faulty = damaged(resource, ".".join(map(str, place)), wrong)
    (issue,) = validate(faulty)
    assert issue.code == "structure"
    assert issue.expression is not None
    found = evaluated(faulty, issue.expression.removeprefix(resource_type))
    assert wrong in found or wrong in [[each] for each in found]


@pytest.mark.parametrize("resource_type", VALID)
@settings(max_examples=25)
@given(data=st.data())
def test_a_required_element_that_is_gone_is_one_issue_at_its_parent(
    resource_type: str, data: st.DataObject
) -> None:
    resource = VALID[resource_type]
    places = list(required_in(root_node(resource)))
    if not places:
        return
    parent, key = data.draw(st.sampled_from(places))
    faulty = json.loads(json.dumps(resource))
    (holder,) = evaluated(faulty, parent.removeprefix(resource_type))
    del holder[key]
    if not holder or holder.keys() == {"id"}:
        return

    (issue,) = validate(faulty)
    assert (issue.code, issue.expression) == ("required", parent)


def required_in(node: Node) -> Iterator[tuple[str, str]]:
    """Give the place of each element that R4 requires, and its JSON key in it."""
    below = list(children(node))
    for child in below:
        element = type_definition(node.type).elements[child.name]
        alone = sum(each.name == child.name for each in below) == 1
        if element.min and alone and isinstance(node.value, dict):
            yield node.location, child.key
        # What is in a primitive stands in its twin.
        if isinstance(child.value, dict):
            yield from required_in(child)


def value_at(node: Any, place: Place) -> Any:  # noqa: ANN401
    for step in place:
        node = node[step]
    return node
