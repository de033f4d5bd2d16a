"""One handoff: who hands over whom, from which episode, to whom, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.care.automatic import derived_id
from shared.store.version import instant

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Handoff:
    """The parties by reference, and which handoff of the episode it is, counted from 1.

    It `is_plain` for a clinic that knows no business status; `address` is the FHIR base of one
    that takes referrals at its own server. `also` are ids of Patients who are the same person.
    """

    episode: JsonObject
    patient_id: str
    clinician: str
    recipient: str
    reason: str | None
    number: int
    now: datetime
    zone: tzinfo
    is_plain: bool = False
    address: str | None = None
    also: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """Name the handoff, the same at every repetition."""
        return f"{self.episode_reference}/handoff/{self.number}"

    @property
    def episode_reference(self) -> str:
        """Refer to the episode."""
        return f"EpisodeOfCare/{self.episode['id']}"

    @property
    def patient(self) -> str:
        """Refer to the person."""
        return f"Patient/{self.patient_id}"

    @property
    def ids(self) -> frozenset[str]:
        """All ids of the person."""
        return frozenset({self.patient_id, *self.also})

    @property
    def criterion(self) -> tuple[str, str]:
        """Search for what is about the person, whichever of their Patients it names."""
        return "patient", ",".join(f"Patient/{each}" for each in sorted(self.ids))

    @property
    def recorded(self) -> str:
        """The moment, as an instant."""
        return instant(self.now)

    @property
    def day(self) -> date:
        """The local day."""
        return self.now.astimezone(self.zone).date()

    def id_of(self, part: str) -> str:
        """Derive the id of a part of the handoff."""
        return derived_id(self.cause, part)

    def window(self, first: int, last: int) -> dict[str, str]:
        """Give local days after the handoff, both included."""
        return {
            "start": (self.day + timedelta(days=first)).isoformat(),
            "end": (self.day + timedelta(days=last)).isoformat(),
        }
