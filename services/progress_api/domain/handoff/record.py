"""What the record holds of a person when they are handed over, and which of it a section shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.document import name_of as name_and_id
from services.progress_api.domain.handoff.facts import day_of, has_come, name_of, time_of
from services.progress_api.domain.handoff.policy import LOOK_BACK, SECTIONS
from shared.fhir.dates import MIN_TIME, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from services.progress_api.domain.handoff.policy import Holding, Section
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

# What is searched for; a referral is what this handoff itself asks for.
TYPES: Final = tuple(
    sorted({each.type for one in SECTIONS for each in one.holds if each.keep != "asked"})
)
_MISTAKEN: Final = frozenset({"entered-in-error", "refuted", "cancelled", "rejected", "not-done"})
_CURRENT: Final = frozenset({"active", "recurrence", "relapse", "on-hold", "intended"})
_COMING: Final = frozenset({"proposed", "pending", "booked", "waitlist"})
_STATES: Final = ("verificationStatus", "clinicalStatus", "status", "lifecycleStatus")


@dataclass(frozen=True, slots=True)
class Record:
    """Resources by type, since when the person was in care, and how texts are read."""

    by_type: Mapping[str, Sequence[JsonObject]]
    admitted: datetime
    reading: Reading

    def keeping(self, resources: Iterable[JsonObject]) -> Record:
        """Give the record as far as it is among some resources, and as they are."""
        kept = {name_and_id(each): each for each in resources}
        by_type = {
            name: [kept[name_and_id(each)] for each in found if name_and_id(each) in kept]
            for name, found in self.by_type.items()
        }
        return replace(self, by_type=by_type)

    def with_all(self, resource_type: str, resources: Sequence[JsonObject]) -> Record:
        """Give the record with other resources of a type."""
        return replace(self, by_type={**self.by_type, resource_type: resources})

    def shown(self, section: Section) -> list[JsonObject]:
        """Choose what a section shows, in the order of time."""
        found = [each for holding in section.holds for each in self._held(holding)]
        return sorted(found, key=lambda each: (day_of(each, self.reading), name_of(each)))

    def since_admission(self, resource_type: str) -> list[JsonObject]:
        """List what belongs to the course of care, shortly before it included."""
        first = instant(self.admitted - LOOK_BACK)
        return [
            each for each in self._stated(resource_type) if time_of(each, self.reading)[1] > first
        ]

    def current(self, resource_type: str) -> list[JsonObject]:
        """List what holds of the person now."""
        return [each for each in self._stated(resource_type) if _is_current(each)]

    def coming(self) -> list[JsonObject]:
        """List the appointments ahead."""
        return [each for each in self._stated("Appointment") if self._is_coming(each)]

    def _held(self, holding: Holding) -> list[JsonObject]:
        chosen = [
            each
            for each in self._chosen(holding)
            if not holding.categories or _is_in(each, holding)
        ]
        return self._latest(chosen) if holding.keep == "latest" else chosen

    def _chosen(self, holding: Holding) -> list[JsonObject]:
        if holding.keep == "episode":
            return self.since_admission(holding.type)
        stated = self._stated(holding.type)
        if holding.keep == "current":
            return self.current(holding.type)
        if holding.keep == "coming":
            return self.coming()
        return stated

    def _stated(self, resource_type: str) -> list[JsonObject]:
        found = self.by_type.get(resource_type, ())
        return [each for each in found if not _states(each) & _MISTAKEN and not _is_wish(each)]

    def _is_coming(self, resource: JsonObject) -> bool:
        is_open = resource.get("status") in _COMING
        return is_open and time_of(resource, self.reading)[0] >= instant(self.reading.now)

    def _latest(self, resources: Sequence[JsonObject]) -> list[JsonObject]:
        newest: dict[str, JsonObject] = {}
        known = [each for each in resources if has_come(each, self.reading)]
        for each in sorted(known, key=lambda each: time_of(each, self.reading)):
            newest[name_of(each)] = each
        return list(newest.values())


def _is_wish(resource: JsonObject) -> bool:
    # A draft that was revoked leaves goals behind that nobody has agreed on.
    return resource["resourceType"] == "Goal" and resource.get("lifecycleStatus") == "proposed"


def _is_current(resource: JsonObject) -> bool:
    # A plan that nobody has accepted is no plan yet.
    is_proposal = resource["resourceType"] == "CarePlan" and resource.get("intent") == "proposal"
    return not is_proposal and bool(_states(resource) & _CURRENT)


def _is_in(resource: JsonObject, holding: Holding) -> bool:
    concepts = resource.get("category", ())
    codes = {coding.get("code") for each in concepts for coding in each.get("coding", ())}
    return not codes.isdisjoint(holding.categories)


def _states(resource: JsonObject) -> set[str]:
    """Name the states of a resource, whichever elements of its type hold them."""
    states: set[str] = set()
    for key in _STATES:
        state = resource.get(key)
        if isinstance(state, str):
            states.add(state)
        elif isinstance(state, dict):
            states |= {str(each.get("code")) for each in state.get("coding", ())}
    return states


def last_of(resources: Sequence[JsonObject], reading: Reading) -> JsonObject | None:
    """Give the resource that is last in time."""
    dated = [each for each in resources if time_of(each, reading)[0] > MIN_TIME]
    return max(dated, key=lambda each: time_of(each, reading), default=None)
