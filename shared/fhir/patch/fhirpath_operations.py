"""The operations of a FHIRPath Patch, read from its Parameters.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import Malformed, TooLarge
from shared.fhir.fhirpath import parse as parse_path
from shared.fhir.patch.json_patch import MAX_OPERATIONS, numbered
from shared.fhir.validation import validate

if TYPE_CHECKING:
    from shared.fhir.errors import Issue
    from shared.fhir.fhirpath.syntax import Expression
    from shared.fhir.reader import JsonObject

# What each kind of operation needs, and may have, besides its type and path.
_PARTS: Final = {
    "add": {"name", "value"},
    "insert": {"value", "index"},
    "delete": set[str](),
    "replace": {"value"},
    "move": {"source", "destination"},
}
_JSON: Final = {
    "type": "valueCode",
    "path": "valueString",
    "name": "valueString",
    "index": "valueInteger",
    "source": "valueInteger",
    "destination": "valueInteger",
}
_PARAMETER: Final = re.compile(r"Parameters(?:\.(?:parameter|part)\[[0-9]+\])*")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: at which path, and its other parts by name; `value` is a whole part."""

    type: str
    path: Expression
    parts: dict[str, Any]


def parse(parameters: JsonObject) -> tuple[Operation, ...]:
    """Read a FHIRPath Patch.

    :raises Malformed: it is none, naming the operation.
    :raises TooLarge: with more operations than are taken at once.
    """
    if parameters.get("resourceType") != "Parameters":
        raise Malformed("A patch in FHIR's JSON is a Parameters resource.")
    issues = [each for each in validate(parameters) if _is_of_patch(each)]
    if issues:
        raise Malformed(issues=tuple(issues))
    given = parameters.get("parameter", ())
    if len(given) > MAX_OPERATIONS:
        raise TooLarge(f"A patch may have at most {MAX_OPERATIONS} operations.")
    operations = []
    for i, told in enumerate(given):
        with numbered(i):
            operations.append(_operation(told))
    return tuple(operations)


def _is_of_patch(issue: Issue) -> bool:
    """Tell whether an issue is a fault of the patch itself.

    A value may refer to what is contained where it will stand: its rules are the result's.
    """
    if issue.code == "invariant" and not _PARAMETER.fullmatch(issue.expression or ""):
        return False
    return issue.severity in {"error", "fatal"}


def _operation(told: JsonObject) -> Operation:
    if told["name"] != "operation":
        raise Malformed("Each parameter of a patch is called operation.")
    parts: dict[str, Any] = {}
    for part in told.get("part", ()):
        name = part["name"]
        if name in parts:
            raise Malformed(f"{name[:64]!r} stands twice.")
        parts[name] = part if name == "value" else _simple(name, part)
    kind, path = parts.pop("type", None), parts.pop("path", None)
    if kind not in _PARTS or path is None:
        raise Malformed("It needs a path, and the type add, insert, delete, replace or move.")
    if parts.keys() != _PARTS[kind]:
        named = ", ".join(sorted(_PARTS[kind])) or "nothing"
        raise Malformed(f"{kind} takes besides its path {named}.")
    return Operation(kind, parse_path(path), parts)


def _simple(name: str, part: JsonObject) -> Any:  # noqa: ANN401
    # Clients give a code as a string and the other way round.
    wanted = _JSON.get(name, "")
    alike = ("valueString", "valueCode") if wanted != "valueInteger" else (wanted,)
    for key in alike:
        if key in part and wanted:
            return part[key]
    raise Malformed(f"{name[:64]!r} must be given as {wanted}." if wanted else "No such part.")
