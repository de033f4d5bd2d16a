"""As which party of a referral somebody acts: the one who asks for it, or the one who is asked.

Somebody acts for an Organization by a PractitionerRole there. A Practitioner of whom no role is
known may act for whoever was asked: a record that keeps no roles cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.care.elsewhere import lives_elsewhere
from shared.care.worklist import is_role
from shared.fhir.dates import date_range, moment
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.care.referral.machine import Party
    from shared.fhir.reader import JsonObject

# For these nobody else can act.
_PEOPLE: Final = frozenset({"Practitioner", "Patient", "RelatedPerson"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, by reference, with all PractitionerRoles of theirs that are known."""

    reference: str | None
    roles: Sequence[JsonObject]
    now: datetime
    bases: tuple[str, ...]

    @property
    def is_practitioner(self) -> bool:
        """Tell whether a Practitioner acts."""
        return (self.reference or "").startswith("Practitioner/")

    @property
    def is_service(self) -> bool:
        """Tell whether a service of ours acts."""
        return (self.reference or "").startswith("Device/")


def parties_of(task: JsonObject, caller: Caller) -> frozenset[Party]:
    """Tell as which parties of a Task somebody may act."""
    found: set[Party] = set()
    if _acts_for(task.get("requester", {}), caller):
        found.add("initiator")
    if _acts_for(task.get("owner", {}), caller):
        found.add("recipient")
    # Nobody answers their own question for somebody else.
    if not found and _may_stand_in(task.get("owner", {}), caller):
        found.add("recipient")
    return frozenset(found)


def _acts_for(party: JsonObject, caller: Caller) -> bool:
    # A service only passes on what was decided elsewhere.
    if caller.is_service and lives_elsewhere(party):
        return True
    name = _name(party, caller)
    if name is None or caller.reference is None:
        return False
    return name == caller.reference or any(
        name in {f"PractitionerRole/{each.get('id')}", _name(each.get("organization", {}), caller)}
        for each in caller.roles
        if _holds(each, caller.now)
    )


def _may_stand_in(owner: JsonObject, caller: Caller) -> bool:
    if not caller.is_practitioner:
        return False
    if not owner or is_role(owner):
        return True
    link = parse_reference(owner.get("reference", ""), caller.bases)
    return not caller.roles and link.type not in _PEOPLE


def _holds(role: JsonObject, now: datetime) -> bool:
    period = role.get("period", {})
    begun = "start" not in period or moment(date_range(period["start"])[0]) <= now
    over = "end" in period and moment(date_range(period["end"])[1]) <= now
    return role.get("active", True) and begun and not over


def _name(party: JsonObject, caller: Caller) -> str | None:
    link = parse_reference(party.get("reference", ""), caller.bases)
    return f"{link.type}/{link.id}" if link.kind == "local" else None
