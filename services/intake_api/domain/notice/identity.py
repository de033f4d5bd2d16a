"""Who and what a notice speaks of: known again by identifiers, and a person never by name.

Where identifiers point to several people, or contradict what is known of one, a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.notice.message import identifiers
from shared.care.automatic import derived_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.reader import JsonObject

_PURPOSE: Final = "notice"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an entry of a message is known by: its identifiers, else its id at the sender's."""

    type: str
    identifiers: tuple[tuple[str, str], ...]
    address: str

    @property
    def reference(self) -> str:
        """Derive the reference under which it is made where the record does not know it yet."""
        known_by = "|".join(self.identifiers[0]) if self.identifiers else self.address
        return f"{self.type}/{derived_id(f'{self.type}/{known_by}', _PURPOSE)}"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why it is not sure who is meant: a few words, and the references of who may be."""

    reason: str
    candidates: tuple[str, ...]


def identities(notice: Notice) -> dict[str, Identity]:
    """Give the identity of everything that is kept of a notice, by fullUrl."""
    return {url: _identity(notice, url, each) for url, each in notice.kept.items()}


def _identity(notice: Notice, url: str, resource: JsonObject) -> Identity:
    return Identity(resource["resourceType"], identifiers(resource), notice.at_sender(url))


def doubt(told: JsonObject, candidates: Mapping[str, JsonObject]) -> Doubt | None:
    """Find why a Patient of a notice cannot be taken for the candidates that share identifiers."""
    if len(candidates) > 1:
        return Doubt("several people here carry its identifiers", tuple(sorted(candidates)))
    for reference, known in candidates.items():
        if not _born_alike(told.get("birthDate"), known.get("birthDate")):
            return Doubt("its birth date contradicts what is known", (reference,))
        if _contradict(identifiers(told), identifiers(known)):
            return Doubt("its identifiers contradict what is known", (reference,))
    return None


def of_another(stay: str, persons: str | None, found: str | None) -> Doubt | None:
    """Find why a stay that is known here cannot be this person's: it is somebody else's."""
    if persons is None or persons == found:
        return None
    others = tuple(sorted({persons} | ({found} if found else set())))
    return Doubt(f"its stay {stay} is known here as another person's", others)


def is_same_person(told: JsonObject, before: Sequence[JsonObject]) -> bool:
    """Tell whether an earlier notice of the stay spoke of the person in just these terms."""
    return any(_terms(told) == _terms(each) for each in before)


def _terms(patient: JsonObject) -> tuple[object, ...]:
    return identifiers(patient), patient.get("birthDate")


def _born_alike(one: str | None, other: str | None) -> bool:
    # A year, or a month, agrees with each day in it.
    return one is None or other is None or one.startswith(other) or other.startswith(one)


def _contradict(told: Sequence[tuple[str, str]], known: Sequence[tuple[str, str]]) -> bool:
    systems = {system for system, _ in told} & {system for system, _ in known}
    common = {system for system, value in told if (system, value) in known}
    return not systems <= common
