"""JSON Patch: a list of operations on the JSON of a resource, all or none of them.

https://www.rfc-editor.org/rfc/rfc6902
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import FhirError, Malformed, RuleViolation, TooLarge
from shared.fhir.patch.emptied import without_emptied
from shared.fhir.patch.json_pointer import Pointer, at, key_in, parse_pointer, place_in
from shared.fhir.patch.trees import Budget, check_depth, equal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.fhir.reader import JsonObject

MAX_OPERATIONS: Final = 100
_ROOT: Final = "resource"
_WITH_VALUE: Final = frozenset({"add", "replace", "test"})
_WITH_SOURCE: Final = frozenset({"move", "copy"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: where, and from where or with what value."""

    op: str
    path: Pointer
    source: Pointer = ()
    value: Any = None


def parse(document: Sequence[Any]) -> tuple[Operation, ...]:
    """Read a JSON Patch document.

    :raises Malformed: naming the operation that is none.
    :raises TooLarge: with more operations than are taken at once.
    """
    if len(document) > MAX_OPERATIONS:
        raise TooLarge(f"A patch may have at most {MAX_OPERATIONS} operations.")
    operations = []
    for i, told in enumerate(document):
        with numbered(i):
            operations.append(_operation(told))
    return tuple(operations)


def apply(operations: Sequence[Operation], resource: JsonObject) -> JsonObject:
    """Give the patched copy of a resource; what the patch has emptied is gone.

    :raises RuleViolation: naming the operation that cannot be done, or a test that fails.
    """
    document = _Document(resource)
    for i, operation in enumerate(operations):
        with numbered(i):
            document.do(operation)
    return document.result()


@contextmanager
def numbered(index: int) -> Iterator[None]:
    """Tell of a refusal at which operation of the patch it was."""
    try:
        yield
    except FhirError as error:
        told = error.issues[0].diagnostics
        raise type(error)(f"Operation {index} of the patch: {told}") from None


def _operation(told: Any) -> Operation:  # noqa: ANN401
    op = str(told.get("op")) if type(told) is dict else ""
    if op == "remove":
        return Operation(op, parse_pointer(told.get("path")))
    if op in _WITH_SOURCE:
        source = parse_pointer(told.get("from"))
        return Operation(op, parse_pointer(told.get("path")), source)
    if op in _WITH_VALUE:
        if "value" not in told:
            raise Malformed(f"{op} needs a value.")
        return Operation(op, parse_pointer(told.get("path")), value=told["value"])
    raise Malformed("Its op must be add, remove, replace, move, copy or test.")


class _Document:
    """A resource while it is patched; the whole of it stands at the empty pointer."""

    def __init__(self, resource: JsonObject) -> None:
        self._budget = Budget()
        self._root = {_ROOT: Budget().copy(resource, 1)}
        # Containers that something was taken out of.
        self._shrunk: list[Any] = []

    def do(self, operation: Operation) -> None:
        path, source = operation.path, operation.source
        match operation.op:
            case "add":
                self._add(path, self._budget.copy(operation.value, len(path) + 1))
            case "remove":
                self._remove(path)
            case "replace":
                self._replace(path, self._budget.copy(operation.value, len(path) + 1))
            case "copy":
                value = at(self._root, (_ROOT, *source))
                self._add(path, self._budget.copy(value, len(path) + 1))
            case "move":
                self._move(source, path)
            case "test":
                if not equal(at(self._root, (_ROOT, *path)), operation.value):
                    raise RuleViolation("What it tests has another value.")

    def result(self) -> JsonObject:
        resource = self._root.get(_ROOT)
        if not isinstance(resource, dict):
            raise RuleViolation("The patch leaves no resource.")
        without_emptied(resource, {id(each) for each in self._shrunk})
        return resource

    def _holder(self, path: Pointer) -> tuple[Any, str]:
        *way, last = (_ROOT, *path)
        return at(self._root, tuple(way)), last

    def _add(self, path: Pointer, value: Any) -> None:  # noqa: ANN401
        holder, step = self._holder(path)
        if type(holder) is dict:
            holder[step] = value
        elif type(holder) is list:
            holder.insert(place_in(holder, step), value)
        else:
            raise RuleViolation("There is nothing at its path.")

    def _remove(self, path: Pointer) -> Any:  # noqa: ANN401
        holder, step = self._holder(path)
        key = key_in(holder, step)
        self._shrunk.append(holder)
        return holder.pop(key)

    def _replace(self, path: Pointer, value: Any) -> None:  # noqa: ANN401
        holder, step = self._holder(path)
        holder[key_in(holder, step)] = value

    def _move(self, source: Pointer, path: Pointer) -> None:
        if path[: len(source)] == source and path != source:
            raise RuleViolation("A value cannot be moved into itself.")
        value = self._remove(source)
        check_depth(value, len(path) + 1)
        self._add(path, value)
