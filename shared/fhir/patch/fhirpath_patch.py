"""FHIRPath Patch: operations on the elements that paths lead to, all or none of them.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import type_definition
from shared.fhir.errors import Malformed, RuleViolation
from shared.fhir.fhirpath import Environment, Steps, evaluate, root_node
from shared.fhir.fhirpath.syntax import Member
from shared.fhir.patch import pairs
from shared.fhir.patch.fhirpath_value import element_of, is_list, put_in, value_for
from shared.fhir.patch.json_patch import numbered
from shared.fhir.patch.trees import Budget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.definitions.structures import Element
    from shared.fhir.fhirpath import Node
    from shared.fhir.fhirpath.syntax import Expression
    from shared.fhir.patch.fhirpath_operations import Operation
    from shared.fhir.reader import JsonObject

# What one path may cost; a patch has many.
_STEPS: Final = 10_000


def apply(operations: Sequence[Operation], resource: JsonObject) -> JsonObject:
    """Give the patched copy of a resource; what the patch has emptied is gone.

    :raises RuleViolation: naming the operation that cannot be done.
    """
    budget = Budget()
    copy: JsonObject = Budget().copy(resource, 1)
    for i, operation in enumerate(operations):
        with numbered(i):
            _DO[operation.type](copy, operation, budget)
    return copy


def _add(resource: JsonObject, operation: Operation, budget: Budget) -> None:
    node = _one(resource, operation.path)
    element = element_of(_type_inside(node), operation.parts["name"])
    put_in(_inside(node), element, budget.copy(operation.parts["value"], _depth(node)))


def _insert(resource: JsonObject, operation: Operation, budget: Budget) -> None:
    node, element = _list_at(resource, operation.path)
    key, pair = value_for(element, budget.copy(operation.parts["value"], _depth(node)))
    found = pairs.pairs_at(_inside(node), key)
    index = operation.parts["index"]
    if not 0 <= index <= len(found):
        raise RuleViolation("Its index is not one of the list, nor the next one.")
    pairs.put_pairs(_inside(node), key, [*found[:index], pair, *found[index:]])


def _delete(resource: JsonObject, operation: Operation, _budget: Budget) -> None:
    found = _found(resource, operation.path)
    if len(found) > 1:
        raise RuleViolation("Its path leads to several elements; only one can be deleted.")
    if found:
        _refuse_whole(found[0])
        _remove(found[0])


def _replace(resource: JsonObject, operation: Operation, budget: Budget) -> None:
    node = _one(resource, operation.path)
    parent = _refuse_whole(node)
    element = element_of(_type_inside(parent), node.name)
    key, pair = value_for(element, budget.copy(operation.parts["value"], _depth(parent)))
    holder = _inside(parent)
    if node.index is None:
        pairs.remove(holder, node.key, None)
        pairs.put(holder, key, pair)
    else:
        found = pairs.pairs_at(holder, key)
        found[node.index] = pair
        pairs.put_pairs(holder, key, found)


def _move(resource: JsonObject, operation: Operation, _budget: Budget) -> None:
    node, element = _list_at(resource, operation.path)
    key = element.keys[0].json
    found = pairs.pairs_at(_inside(node), key)
    source, destination = operation.parts["source"], operation.parts["destination"]
    if not (0 <= source < len(found) and 0 <= destination < len(found)):
        raise RuleViolation("Its source and destination must be places in the list.")
    found.insert(destination, found.pop(source))
    pairs.put_pairs(_inside(node), key, found)


_DO = {"add": _add, "insert": _insert, "delete": _delete, "replace": _replace, "move": _move}


def _found(resource: JsonObject, path: Expression) -> list[Node]:
    root = root_node(resource)
    found = evaluate(path, root, Environment(root, root, root, steps=Steps(_STEPS)))
    if any(node.type.startswith("System.") for node in found):
        raise RuleViolation("Its path leads to a computed value, not to an element.")
    return found


def _one(resource: JsonObject, path: Expression) -> Node:
    found = _found(resource, path)
    if len(found) != 1:
        raise RuleViolation(f"Its path must lead to one element; it leads to {len(found)}.")
    return found[0]


def _refuse_whole(node: Node) -> Node:
    if node.parent is None:
        raise RuleViolation("Its path leads to the whole resource.")
    return node.parent


def _depth(node: Node) -> int:
    return 1 if node.parent is None else _depth(node.parent) + (1 if node.index is None else 2)


def _list_at(resource: JsonObject, path: Expression) -> tuple[Node, Element]:
    """Find the element that holds a list, and the list by its name; it may be empty."""
    if not isinstance(path, Member):
        raise Malformed("Its path must end in the name of a list.")
    node = root_node(resource) if path.target is None else _one(resource, path.target)
    element = element_of(_type_inside(node), path.name)
    if not is_list(element):
        raise RuleViolation(f"{element.name} is no list.")
    return node, element


def _type_inside(node: Node) -> str:
    # Inside a primitive there are an id and extensions.
    kind = type_definition(node.type).kind
    return "Element" if kind == "primitive" else node.type


def _inside(node: Node) -> Any:  # noqa: ANN401
    """Give the JSON object that holds an element's children; a primitive's is its twin."""
    if type(node.value) is dict:
        return node.value
    if node.twin is None:
        _set_twin(node, {})
    return node.twin


def _set_twin(node: Node, twin: JsonObject | None) -> None:
    node.twin = twin
    holder = _inside(_refuse_whole(node))
    if node.index is None:
        pairs.put(holder, node.key, (node.value, twin))
    else:
        found = pairs.pairs_at(holder, node.key)
        found[node.index] = (node.value, twin)
        pairs.put_pairs(holder, node.key, found)


def _remove(node: Node) -> None:
    """Take an element away, and what it leaves empty around it."""
    parent = node.parent
    if parent is None:
        return
    holder = _inside(parent)
    pairs.remove(holder, node.key, node.index)
    if holder:
        return
    if type(parent.value) is dict or parent.value is None:
        _remove(parent)
    else:
        _set_twin(parent, None)
