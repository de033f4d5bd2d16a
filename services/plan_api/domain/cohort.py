"""Who meets in a programme's group sessions: a Group that people join and leave with their plans.

Each session is an Appointment for each person; only those who run the programme see the Group.
https://hl7.org/fhir/R4/group.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy, derived_id
from shared.care.episode import PROGRAMME

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "cohort-follows-the-plan", "1.0", "Lets people join and leave a cohort with their plans"
)


def cohort_id(programme: str) -> str:
    """Derive the id of the one cohort of a programme (`Organization/7`, or `iop`)."""
    return derived_id(programme, "cohort")


def joined(group: JsonObject | None, programme: str, patient: str, day: str) -> JsonObject | None:
    """Let a person join a cohort on a day, which may be its first; None for a member."""
    cohort = _begun(programme) if group is None else group
    if patient in _members(cohort):
        return None
    member = {"entity": {"reference": patient}, "period": {"start": day}}
    return cohort | {"member": [*cohort.get("member", ()), member]}


def left(group: JsonObject, patient: str) -> JsonObject | None:
    """Let a person leave a cohort; None for one who is no member."""
    if patient not in _members(group):
        return None
    staying = [each for each in group["member"] if each["entity"].get("reference") != patient]
    rest = {name: value for name, value in group.items() if name != "member"}
    return rest | {"member": staying} if staying else rest


def _members(group: JsonObject) -> set[str | None]:
    return {each["entity"].get("reference") for each in group.get("member", ())}


def _begun(programme: str) -> JsonObject:
    cohort: JsonObject = {
        "resourceType": "Group",
        "id": cohort_id(programme),
        "active": True,
        "type": "person",
        "actual": True,
        "code": {"coding": [PROGRAMME], "text": "Cohort of the intensive outpatient programme"},
        "name": "People in the programme",
    }
    if "/" in programme:
        cohort["managingEntity"] = {"reference": programme}
    return cohort
