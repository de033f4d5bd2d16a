"""One write of what a packet may tell: whose packets it may concern, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.progress_api.domain.handoff.corrections import is_correction, persons
from services.progress_api.domain.handoff.late import is_of_before
from shared.care.aftercare import plan_id

if TYPE_CHECKING:
    from datetime import datetime

    from services.progress_api.domain.handoff.handoff import Handoff
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading


@dataclass(frozen=True, slots=True)
class Written:
    """A version, the one before it, and when it was written; None was deleted, or never there."""

    reference: str
    before: JsonObject | None
    after: JsonObject | None
    updated: datetime

    @property
    def name(self) -> str:
        """Refer to the resource."""
        return self.reference.partition("/_history/")[0]

    @property
    def permits(self) -> bool:
        """Tell whether it says what may be told."""
        return self.reference.startswith("Consent/")

    def whose(self, bases: tuple[str, ...]) -> list[str]:
        """Name whom it is about, unless it only tells how something went on."""
        if self.after is not None and self.after["resourceType"] == "Bundle":
            resources = (each.get("resource", {}) for each in self.after.get("entry", ()))
            return [str(e["id"]) for e in resources if e.get("resourceType") == "Patient"][:1]
        goes_on = self.before is not None and not is_correction(self.before, self.after)
        return [] if goes_on and not self.permits else persons((self.before, self.after), bases)

    def may_amend(self, handoff: Handoff, reading: Reading) -> bool:
        """Tell whether a packet may tell something else by it; its own plan goes with it."""
        if self.updated <= handoff.now or self.name == f"CarePlan/{plan_id(handoff.cause)}":
            return False
        is_new = self.before is None and self.after is not None and not self.permits
        return not is_new or is_of_before(self.after or {}, reading)
