"""Whose a Task is, and by when it is to be done, as far as no rule of its own says so.

It is the team's of the plan that it is about, or else that of the role that sees to such.

A role is named by an identifier, whoever holds it: `Task?owner:identifier=…/role|coordinator`.
https://hl7.org/fhir/R4/references.html#logical
"""

from __future__ import annotations

from datetime import UTC
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import CANONICAL
from shared.fhir.dates import date_range, moment
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

ROLE: Final = f"{CANONICAL}/role"
_DATA: Final[dict[str, Any]] = read((files(__package__) / "worklists.json").read_bytes())
_HOUR: Final = 3_600_000_000
_BY_TASK: Final[dict[str, JsonObject]] = {
    task: role for role in _DATA["roles"] for task in role["tasks"]
}


def owner(code: str, teams: Iterable[JsonObject] = ()) -> JsonObject:
    """Name whose a Task of a code is: the first team's, else a role's."""
    role = _BY_TASK.get(code, _DATA["otherwise"])
    identifier = {"system": ROLE, "value": role["code"]}
    named = {"type": "PractitionerRole", "identifier": identifier, "display": role["display"]}
    return next(iter(teams), named)


def due(code: str, authored: str) -> JsonObject:
    """Give the time in which a Task of a code is to be done, from when it was asked for."""
    begun = date_range(authored, UTC)[0]
    ends = (begun, begun + _DATA["hours"][code] * _HOUR)
    start, end = (moment(each).isoformat(timespec="milliseconds") for each in ends)
    return {"period": {"start": start, "end": end}}


def is_role(party: JsonObject) -> bool:
    """Tell whether a Task waits for anybody of a role."""
    return "reference" not in party and party.get("identifier", {}).get("system") == ROLE
