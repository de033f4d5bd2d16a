"""For whom, by whom and from when a template is applied.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.preferences import NO_PREFERENCES, Preferences
from shared.care.automatic import derived_id

if TYPE_CHECKING:
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

_DESCRIPTION: Final = "Made from a template, for a clinician to adapt."
_DAYS: Final = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25}
# No template plans beyond this, whatever it says.
_LONGEST_DAYS: Final = 3 * 366


@dataclass(frozen=True, slots=True)
class Application:
    """For which plan a template is applied: whose, asked by whom, from which local day on."""

    plan_id: str
    patient: str
    episode: str
    asked_by: str
    practitioner: str | None
    organization: str | None
    encounter: str | None
    start: date
    zone: tzinfo
    recorded: str
    peer_specialist: str | None = None
    members: tuple[str, ...] = ()
    preferences: Preferences = NO_PREFERENCES

    def id_for(self, purpose: str) -> str:
        """Derive the id of a part of the plan, the same at every repetition."""
        return derived_id(f"CarePlan/{self.plan_id}", purpose)


def canonical_of(definition: JsonObject) -> str:
    """Name a definition by its address and version."""
    url = str(definition.get("url", f"{definition['resourceType']}/{definition['id']}"))
    return f"{url}|{definition['version']}" if "version" in definition else url


def title_in(definition: JsonObject) -> str:
    """Name a plan by its template."""
    return str(definition.get("title", "Care plan"))


def description_in(definition: JsonObject) -> str:
    """Describe a plan by its template."""
    return str(definition.get("description", _DESCRIPTION))


def last_day(start: date, duration: JsonObject) -> date | None:
    """Give the last day of a span that begins on a day; None for one without an end."""
    unit = _DAYS.get(str(duration.get("code", duration.get("unit"))))
    if unit is None or "value" not in duration:
        return None
    days = min(float(str(duration["value"])) * unit, _LONGEST_DAYS)
    return start + timedelta(days=max(round(days) - 1, 0))
