"""Who meets in a programme's group sessions: Groups that people join and leave with their plans.

A programme has as many cohorts as its people fill. Each session is an Appointment for each person;
only those who run the programme see a Group.
https://hl7.org/fhir/R4/group.html
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import Policy, derived_id
from shared.care.canonical import profile
from shared.care.capacity import capacity_of, takes
from shared.care.episode import PROGRAMME
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = read(
    files("services.plan_api.domain").joinpath("cohort_policy.json").read_bytes()
)
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
CAPACITY: Final[int] = _DATA["capacity"]
WHEN_FULL: Final = profile("when-full")


@dataclass(frozen=True, slots=True)
class Cohort:
    """The first, second … cohort of a programme (`Organization/7`, or `iop`)."""

    programme: str
    number: int = 1

    @property
    def name(self) -> str:
        """Name the cohort; the first one as its programme."""
        return self.programme if self.number == 1 else f"{self.programme}/{self.number}"

    @property
    def id(self) -> str:
        """Derive the id of its Group."""
        return derived_id(self.name, "cohort")

    @property
    def next(self) -> Cohort:
        """The cohort that is begun when this one is full."""
        return Cohort(self.programme, self.number + 1)


def waits(plan: JsonObject) -> bool:
    """Tell whether a person rather waits for a full cohort than joins the next one."""
    said = (each for each in plan.get("extension", ()) if each.get("url") == WHEN_FULL)
    preferred = next((each.get("valueCode") for each in said), _DATA["whenFull"])
    return bool(preferred == "waitlist")


def has_room(group: JsonObject | None) -> bool:
    """Tell whether one more person can join; a Group that says no number takes everybody."""
    most = None if group is None else capacity_of(group)
    return most is None or len((group or {}).get("member", ())) < most


def is_member(group: JsonObject | None, patients: Iterable[str]) -> bool:
    """Tell whether a person belongs to a cohort, as any of their Patients."""
    return group is not None and not _members(group).isdisjoint(patients)


def joined(group: JsonObject | None, cohort: Cohort, patient: str, day: str) -> JsonObject | None:
    """Let a person join a cohort on a day, which may be its first; None for a member."""
    present = _begun(cohort) if group is None else group
    if patient in _members(present):
        return None
    member = {"entity": {"reference": patient}, "period": {"start": day}}
    return present | {"member": [*present.get("member", ()), member]}


def left(group: JsonObject, patients: Collection[str]) -> JsonObject | None:
    """Let a person leave a cohort, as all of their Patients; None for one who is no member."""
    if not is_member(group, patients):
        return None
    staying = [e for e in group["member"] if e["entity"].get("reference") not in patients]
    rest = {name: value for name, value in group.items() if name != "member"}
    return rest | {"member": staying} if staying else rest


def programme_of(group: JsonObject) -> str:
    """Name whose programme a cohort is of, as a `Cohort` names it."""
    return str(group.get("managingEntity", {}).get("reference", "iop"))


def _members(group: JsonObject) -> set[str | None]:
    return {each["entity"].get("reference") for each in group.get("member", ())}


def _begun(cohort: Cohort) -> JsonObject:
    number = "" if cohort.number == 1 else f", cohort {cohort.number}"
    group: JsonObject = {
        "resourceType": "Group",
        "id": cohort.id,
        "extension": [takes(CAPACITY)],
        "active": True,
        "type": "person",
        "actual": True,
        "code": {"coding": [PROGRAMME], "text": "Cohort of the intensive outpatient programme"},
        "name": f"People in the programme{number}",
    }
    if "/" in cohort.programme:
        group["managingEntity"] = {"reference": cohort.programme}
    return group
