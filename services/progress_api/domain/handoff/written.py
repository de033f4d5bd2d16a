"""One write of what a packet may tell: whose packets it may concern, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.progress_api.domain.handoff.achieved import says_otherwise
from services.progress_api.domain.handoff.corrections import is_correction, is_recount, persons
from services.progress_api.domain.handoff.document import WHO_AND_WHERE
from services.progress_api.domain.handoff.late import is_of_before
from services.progress_api.domain.suicide_risk import raised_by
from shared.care.aftercare import plan_id
from shared.care.merge import replaced_by

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
    def is_first_packet(self) -> bool:
        """Tell whether it is a packet as it was made."""
        return self.name.startswith("Bundle/") and self.before is None

    @property
    def is_new(self) -> bool:
        """Tell whether it is a first version, which only tells something itself."""
        is_fact = not self.permits and not self.name.startswith("Patient/")
        return is_fact and self.before is None and self.after is not None

    @property
    def permits(self) -> bool:
        """Tell whether it says what may be told."""
        return self.reference.startswith("Consent/")

    @property
    def _tells_who(self) -> bool:
        """Tell whether it says who somebody is, which is told as it stands."""
        return self.name.partition("/")[0] in WHO_AND_WHERE

    def whose(self, bases: tuple[str, ...]) -> list[str]:
        """Name whom it is about, unless it only tells how something went on."""
        if self.after is not None and self.after["resourceType"] == "Bundle":
            resources = (each.get("resource", {}) for each in self.after.get("entry", ()))
            return [str(e["id"]) for e in resources if e.get("resourceType") == "Patient"][:1]
        if self.name.startswith("Patient/"):
            return [self.name.partition("/")[2], *self._linked(bases)]
        return [] if self._goes_on() else persons((self.before, self.after), bases)

    def may_amend(self, handoff: Handoff, reading: Reading) -> bool:
        """Tell whether a packet may tell something else by it; its own parts go with it."""
        own = {f"CarePlan/{plan_id(handoff.cause)}", f"ServiceRequest/{handoff.id_of('referral')}"}
        if self.updated <= handoff.now or self.name in own:
            return False
        if self.name.startswith("Flag/") and raised_by(self.after or {}):
            # A warning is of the time of what raised it.
            return True
        is_new = self.before is None and self.after is not None and not self.permits
        return not is_new or is_of_before(self.after or {}, reading)

    def _linked(self, bases: tuple[str, ...]) -> list[str]:
        """Name who is one person with a Patient since, or was till then."""
        links = [replaced_by(each, bases) if each else None for each in (self.before, self.after)]
        return [each for each in links if each]

    def _goes_on(self) -> bool:
        if self.before is None or self.permits or self._tells_who:
            return False
        if is_correction(self.before, self.after) or is_recount(self.before, self.after):
            return False
        # What scores of before say of a goal is told late as they are.
        is_goal = self.name.startswith("Goal/")
        return not (is_goal and says_otherwise(self.before, self.after or {}))
