"""Who waits for a place in the programme, in the order of clinical priority and then of time.

The priority is what a person has set on the Task of the waitlist, else the most urgent of the
policy's reasons that hold now; so the order follows what is known, and is kept nowhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from services.intake_api.domain.route import SYSTEM as ROUTE
from shared.care.automatic import Policy
from shared.care.canonical import code_system
from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = json.loads(files(__package__).joinpath("waitlist.json").read_text())
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
REASON: Final = code_system("waitlist-reason")
_PRIORITIES: Final[Sequence[str]] = _DATA["priorities"]
_PRIORITY: Final = "http://hl7.org/fhir/request-priority"
_ORDER: Final = {"system": "http://terminology.hl7.org/CodeSystem/list-order", "code": "priority"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody on the waitlist, with what decides on their place."""

    episode: JsonObject
    risk: str | None = None
    set_priority: str | None = None

    @property
    def reference(self) -> str:
        """Refer to the episode that waits."""
        return f"EpisodeOfCare/{self.episode['id']}"

    @property
    def since(self) -> str:
        """Tell since when they wait: since they came on the list, as far as the episode says."""
        return self.begun or str(self.episode["meta"]["lastUpdated"])

    @property
    def begun(self) -> str:
        """Tell when they came on the list; empty where the episode does not say."""
        told = [e for e in self.episode.get("statusHistory", ()) if e["status"] == "waitlist"]
        return str(told[-1]["period"].get("start", "")) if told else ""


@dataclass(frozen=True, slots=True)
class Place:
    """One place on the waitlist: whose, how urgent, and why."""

    waiting: Waiting
    priority: str
    reasons: tuple[dict[str, str], ...]

    @property
    def rank(self) -> tuple[int, int, str]:
        """Order places: by priority, then time."""
        since = date_range(self.waiting.since)[0]
        return _PRIORITIES.index(self.priority), since, self.waiting.reference

    @property
    def text(self) -> str:
        """Say why somebody has this place, in words."""
        why = "; ".join(each["display"] for each in self.reasons) or "No reason to go before others"
        return f"{self.priority}: {why}; waits since {self.waiting.since}"


def ordered(waiting: Iterable[Waiting], now: datetime) -> list[Place]:
    """Put who waits in order, the first before the others."""
    return sorted((_place(each, now) for each in waiting), key=lambda place: place.rank)


def as_list(places: Sequence[Place], at: str) -> JsonObject:
    """Write the waitlist: a List that is not kept, each entry with the reason for its place."""
    told: JsonObject = {
        "resourceType": "List",
        "status": "current",
        "mode": "snapshot",
        "title": "Waitlist",
        "date": at,
        "orderedBy": {"coding": [_ORDER]},
        "entry": [_entry(each) for each in places],
    }
    if not places:
        empty = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
        del told["entry"]
        told["emptyReason"] = {"coding": [{"system": empty, "code": "nilknown"}]}
    return told


def _entry(place: Place) -> JsonObject:
    codes = [{"system": _PRIORITY, "code": place.priority}, *place.reasons]
    return {
        "flag": {"coding": codes, "text": place.text},
        "date": place.waiting.since,
        "item": {"reference": place.waiting.reference},
    }


def _place(waiting: Waiting, now: datetime) -> Place:
    # Every Task begins as routine: only what is more pressing was set by somebody.
    if waiting.set_priority in _PRIORITIES and waiting.set_priority != _DATA["otherwise"]:
        said = {"system": REASON, "code": "set", "display": "The priority was set by a person"}
        return Place(waiting, str(waiting.set_priority), (said,))
    held = [each for each in _DATA["reasons"] if _holds(each, waiting, now)]
    priorities = [each["priority"] for each in held] or [_DATA["otherwise"]]
    reasons = [{"system": REASON, "code": e["code"], "display": e["text"]} for e in held]
    return Place(waiting, min(priorities, key=_PRIORITIES.index), tuple(reasons))


def _holds(reason: dict[str, Any], waiting: Waiting, now: datetime) -> bool:
    if "risk" in reason:
        return waiting.risk in reason["risk"]
    if "route" in reason:
        return reason["route"] in _routes(waiting.episode)
    began = moment(date_range(waiting.since)[0])
    return now - began >= timedelta(days=reason["days"])


def _routes(episode: JsonObject) -> set[str]:
    codings = (each for kind in episode.get("type", ()) for each in kind.get("coding", ()))
    return {str(each.get("code")) for each in codings if each.get("system") == ROUTE}
