"""Evaluates the FHIRPath of search parameters over JSON, knowing the type of every value.

https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.fhir.definitions import RESOURCE_TYPES, type_definition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_TOKEN = re.compile(r"\s*('[^']*'|%?\w+|!=|[().\[\]|=])")
# Stands for any value there may be, to ask which types an expression can find.
ANY: Final = object()
_ROOTS: Final = {*RESOURCE_TYPES, "Resource", "DomainResource"}
_REFERENCE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/.+)?(?:#.*)?")


class Node(NamedTuple):
    """A value, its type, the resource it is of, and its element: holder, name and binding."""

    value: Any
    type: str
    root: Any
    holder: str = ""
    name: str = ""
    binding: str | None = None


if TYPE_CHECKING:
    Evaluate = Callable[[Sequence[Node]], list[Node]]


def select(expression: str, node: Node) -> list[Node]:
    """Select what an expression finds from a node; of an extension at the end, its value."""
    found = _compiled(expression)((node,))
    return [each for one in found for each in _opened(one)]


def kinds(expression: str, resource_type: str) -> set[str]:
    """Name the types of all that an expression can find."""
    return {each.type for each in select(expression, Node(ANY, resource_type, ANY))}


def _opened(node: Node) -> list[Node]:
    return list(_children(node, "value")) if node.type == "Extension" else [node]


@cache
def _compiled(expression: str) -> Evaluate:
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == re.sub(r"\s+(?=([^']*'[^']*')*[^']*$)", "", expression), expression
    reader = _Reader(tokens)
    evaluate = reader.union()
    assert not reader.left, (expression, reader.left)
    return evaluate


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.left = tokens

    def _next_is(self, *tokens: str) -> bool:
        return bool(self.left) and self.left[0] in tokens

    def _take(self) -> str:
        token, *self.left = self.left
        return token

    def union(self) -> Evaluate:
        found = [self._and()]
        while self._next_is("|"):
            self._take()
            found.append(self._and())
        return lambda at: [node for each in found for node in each(at)]

    def _and(self) -> Evaluate:
        one = self._comparison()
        if not self._next_is("and"):
            return one
        self._take()
        other = self._comparison()
        return lambda at: _told(_true(one(at)) and _true(other(at)))

    def _comparison(self) -> Evaluate:
        path = self._path()
        if self._next_is("as"):
            self._take()
            return _of_type(path, self._take())
        if self._next_is("is"):
            self._take()
            name = self._take()
            return lambda at: _told(any(each.type == name for each in path(at)))
        if self._next_is("=", "!="):
            wanted, literal = self._take() == "=", self._literal()
            return lambda at: _told(
                bool(path(at)) and any(each.value == literal for each in path(at)) == wanted
            )
        return path

    def _literal(self) -> object:
        token = self._take()
        return {"true": True, "false": False}.get(token, token.strip("'"))

    def _path(self) -> Evaluate:
        path = self._first()
        while self._next_is(".", "["):
            if self._take() == "[":
                path = _indexed(path, int(self._take()))
                self._take()
            else:
                path = self._step(path, self._take())
        return path

    def _first(self) -> Evaluate:
        token = self._take()
        if token == "(":
            path = self.union()
            self._take()
            return path
        if token == "%resource":
            return lambda at: [Node(at[0].root, at[0].root["resourceType"], at[0].root)]
        if token in _ROOTS:
            return list
        return self._step(list, token)

    def _step(self, path: Evaluate, name: str) -> Evaluate:
        if not self._next_is("("):
            return lambda at: [child for node in path(at) for child in _children(node, name)]
        self._take()
        call = self._call(path, name)
        assert self._take() == ")"
        return call

    def _call(self, path: Evaluate, name: str) -> Evaluate:
        match name:
            case "as" | "ofType":
                return _of_type(path, self._take())
            case "where":
                return _where(path, self.union())
            case "extension":
                return _extension(path, self._take().strip("'"))
            case "hasExtension":
                found = _extension(path, self._take().strip("'"))
                return lambda at: _told(bool(found(at)))
            case "exists":
                return lambda at: _told(bool(path(at)))
            case "resolve":
                return lambda at: [
                    Node(None, kind, node.root) for node in path(at) for kind in _target(node)
                ]
        raise AssertionError(name)


def _told(truth: bool) -> list[Node]:  # noqa: FBT001
    return [Node(truth, "boolean", None)]


def _true(nodes: list[Node]) -> bool:
    return bool(nodes) and nodes[0].value is True


def _of_type(path: Evaluate, name: str) -> Evaluate:
    return lambda at: [each for each in path(at) if each.type == name]


def _indexed(path: Evaluate, place: int) -> Evaluate:
    def pick(at: Sequence[Node]) -> list[Node]:
        # An index is of each list by itself, as the only expression that has one means it.
        return path(at)[place : place + 1]

    return pick


def _where(path: Evaluate, condition: Evaluate) -> Evaluate:
    return lambda at: [each for each in path(at) if each.value is ANY or _true(condition([each]))]


def _extension(path: Evaluate, url: str) -> Evaluate:
    return lambda at: [
        child
        for node in path(at)
        for child in _children(node, "extension")
        if child.value is ANY or child.value.get("url") == url
    ]


def _target(node: Node) -> list[str]:
    reference: dict[str, Any] = node.value
    text = reference.get("reference", "")
    if text.startswith("#"):
        inside = node.root.get("contained", [])
        return [each["resourceType"] for each in inside if each.get("id") == text[1:]]
    found = _REFERENCE.fullmatch(text)
    if found and found[1] in RESOURCE_TYPES:
        return [found[1]]
    return [reference["type"]] if "type" in reference else []


def _children(node: Node, name: str) -> Iterator[Node]:
    element = type_definition(node.type).elements.get(name)
    for key in element.keys if element else ():
        found: Any = ANY
        if node.value is not ANY:
            found = node.value.get(key.json) if isinstance(node.value, dict) else None
        for each in found if isinstance(found, list) else [found]:
            if each is not None:
                is_resource = key.type == "Resource" and each is not ANY
                kind = each["resourceType"] if is_resource else key.type
                binding = element.binding if element else None
                yield Node(each, kind, node.root, node.type, name, binding)
