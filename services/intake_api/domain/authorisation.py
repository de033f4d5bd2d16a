"""When what a payer has authorised runs out, by its last day or by its units.

A unit is a local day of the programme on which a session was attended. As long as one authorisation
is neither near its end nor short of units, nothing is asked for.
https://hl7.org/fhir/R4/claimresponse.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system, profile
from shared.care.worklist import owner
from shared.fhir.dates import local_day
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = read((files(__package__) / "authorisation.json").read_bytes())
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
CODE: Final = {"system": code_system("task"), "code": "authorisation"}
_BEFORE: Final = timedelta(days=int(_DATA["daysBefore"]))
_FEW: Final = int(_DATA["unitsLeft"])
_GRANTED: Final = frozenset({"complete", "partial"})
_OPEN: Final = frozenset(
    {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)
_WITHDRAWN: Final = {"text": "There is enough, or the episode of care has ended"}


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What a payer has authorised: between which local days, and how many units; None is any."""

    claim: JsonObject
    first: date
    last: date
    units: int | None

    @property
    def reference(self) -> str:
        """Refer to the ClaimResponse."""
        return f"ClaimResponse/{self.claim['id']}"

    @property
    def task_id(self) -> str:
        """Derive the id of its Task: there is another one when more was authorised."""
        return derived_id(self.reference, f"authorisation/{self.last}/{self.units}")

    @property
    def watched_from(self) -> date:
        """Give the day from which its end is near."""
        return self.last - min(_BEFORE, self.last - date.min)

    def left(self, attended: Collection[date]) -> int | None:
        """Count the units that are left; None where they are not limited."""
        used = sum(self.first <= each <= self.last for each in attended)
        return None if self.units is None else self.units - used

    def reasons(self, attended: Collection[date], today: date) -> list[str]:
        """Say why it runs out; nothing where there is enough."""
        left = self.left(attended)
        told = [f"it ends on {self.last}"] if today >= self.watched_from else []
        if left is not None and left <= _FEW:
            told.append(f"{_FEW} of {self.units} units or fewer are left")
        return told


def is_authorisation(claim: JsonObject) -> bool:
    """Tell whether a ClaimResponse says what a payer has authorised, and until when."""
    return claim.get("use") == "preauthorization" and "end" in claim.get("preAuthPeriod", {})


def authorisations(claims: Iterable[JsonObject], zone: tzinfo) -> list[Authorisation]:
    """Read what is authorised, in the order in which it ends."""
    granted = (
        each
        for each in claims
        if is_authorisation(each) and each["status"] == "active" and each["outcome"] in _GRANTED
    )
    return sorted((_read(each, zone) for each in granted), key=lambda a: (a.last, a.reference))


def running_out(
    told: Iterable[Authorisation], attended: Collection[date], today: date
) -> tuple[Authorisation, list[str]] | None:
    """Find the last authorisation, with why it runs out; None while any suffices."""
    last = None
    for each in told:
        reasons = each.reasons(attended, today)
        # One that is to begin is no help for today, but there is nothing more to ask for.
        if not reasons:
            return None
        last = (each, reasons)
    return last


def task(authorisation: Authorisation, reasons: list[str], patient: str, at: str) -> JsonObject:
    """Ask the team for more before an authorisation runs out."""
    return {
        "resourceType": "Task",
        "id": authorisation.task_id,
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": {"coding": [CODE], "text": "Authorisation runs out"},
        "description": f"Ask the payer for more: {', and '.join(reasons)}.",
        "focus": {"reference": authorisation.reference},
        "for": {"reference": patient},
        "authoredOn": at,
        "executionPeriod": {"start": at},
        "owner": owner(CODE["code"]),
        "restriction": {"period": {"end": authorisation.last.isoformat()}},
    }


def withdrawn(asked: JsonObject, at: str) -> JsonObject | None:
    """Withdraw a Task that has lost its ground; None leaves what has ended."""
    if asked["status"] not in _OPEN:
        return None
    return asked | {"status": "cancelled", "statusReason": _WITHDRAWN, "lastModified": at}


def asked_again(asked: JsonObject, wanted: JsonObject, at: str) -> JsonObject | None:
    """Ask again by a Task that we had withdrawn, or about whom it is now; None leaves it."""
    whose = {"for": wanted["for"], "lastModified": at}
    if asked["status"] == "cancelled" and asked.get("statusReason") == _WITHDRAWN:
        kept = {name: value for name, value in asked.items() if name != "statusReason"}
        return kept | whose | {"status": "requested"}
    is_moved = asked["status"] in _OPEN and asked.get("for") != wanted["for"]
    return asked | whose if is_moved else None


def _read(claim: JsonObject, zone: tzinfo) -> Authorisation:
    period = claim["preAuthPeriod"]
    last = local_day(period["end"], zone, last=True)
    first = local_day(period["start"], zone) if "start" in period else date.min
    quantities = (each.get("quantity", {}) for each in claim.get("addItem", ()))
    # What is read from JSON with decimals (36.0) is no number of Python yet.
    told = [Decimal(str(each["value"])) for each in quantities if "value" in each]
    return Authorisation(claim, first, last, int(sum(told)) if told else None)
