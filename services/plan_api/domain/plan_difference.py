"""What a proposed revision adds, removes and changes: to compute with, and in plain words.

An order of the same activity that is taken out and put in is one that changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from services.plan_api.domain.narrative import how_often, title_of
from shared.care.canonical import profile
from shared.care.programme_plan import activity_ids, ids_of
from shared.care.timing import session_minutes
from shared.care.weekly_hours import activities_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject

CHANGE: Final = profile("plan-change")
Kind = Literal["added", "removed", "changed"]
_WORDS: Final[dict[Kind, str]] = {"added": "Added", "removed": "Removed", "changed": "Changed"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: of an order as it is, to one as it is to be; None where there is none."""

    before: JsonObject | None
    after: JsonObject | None

    @property
    def told(self) -> str:
        """Tell it in a sentence."""
        order = self.after or self.before or {}
        about = f"{_WORDS[kind_of(self.before, self.after)]}: {title_of(order)}"
        if self.before and self.after:
            return f"{about}, {_moved(self.before, self.after)}."
        return f"{about}, {_when(order)}."

    @property
    def extension(self) -> JsonObject:
        """Tell it by the references of what is taken out and put in."""
        return change(
            kind_of(self.before, self.after),
            before=self.before and _named(self.before),
            after=self.after and _named(self.after),
        )


def kind_of(before: object | None, after: object | None) -> Kind:
    """Name the change from what is taken out to what is put in for it."""
    if before is None:
        return "added"
    return "changed" if after else "removed"


def change(kind: Kind, *, before: JsonObject | None, after: JsonObject | None) -> JsonObject:
    """Tell a change by references to what is taken out and put in."""
    said: list[JsonObject] = [{"url": "kind", "valueCode": kind}]
    for name, named in (("before", before), ("after", after)):
        if named is not None:
            said.append({"url": name, "valueReference": named})
    return {"url": CHANGE, "extension": said}


def differences(removed: Sequence[JsonObject], added: Sequence[JsonObject]) -> list[Difference]:
    """Pair what is taken out with what is put in for it."""
    left, found = list(added), []
    for before in removed:
        same = (each for each in left if activities_of(each) == activities_of(before) != [])
        after = next(same, None)
        if after is not None:
            left.remove(after)
        found.append(Difference(before, after))
    return [*found, *(Difference(None, each) for each in left)]


def changes_in(proposal: JsonObject) -> list[dict[str, JsonObject]]:
    """Read the changes that a proposal tells, by the names of their parts."""
    said = (e for e in proposal.get("extension", ()) if e.get("url") == CHANGE)
    return [
        {part["url"]: part.get("valueReference", {}) for part in each.get("extension", ())}
        for each in said
    ]


def named_in(proposal: JsonObject, name: str, bases: tuple[str, ...]) -> list[str]:
    """Name the orders that a proposal takes out (`before`) or puts in (`after`)."""
    return ids_of((each.get(name, {}) for each in changes_in(proposal)), "ServiceRequest", bases)


def is_stale(proposal: JsonObject, plan: JsonObject, bases: tuple[str, ...]) -> bool:
    """Tell whether a plan holds other orders now than when people proposed to revise it."""
    removed, added = (named_in(proposal, each, bases) for each in ("before", "after"))
    if not removed and not added:
        return False
    base = (set(activity_ids(proposal, bases)) - set(added)) | set(removed)
    return base != set(activity_ids(plan, bases))


def _named(order: JsonObject) -> JsonObject:
    return {"reference": f"ServiceRequest/{order['id']}", "display": title_of(order)}


def _moved(before: JsonObject, after: JsonObject) -> str:
    """Tell from when to when an order changes; how long it lasts, where only that does."""
    old, new = _when(before), _when(after)
    if old != new:
        return f"from {old} to {new}"
    bounds = _bounds(before), _bounds(after)
    if bounds[0] != bounds[1]:
        return f"from {old}{bounds[0]} to {new}{bounds[1]}"
    return f"{new} as before"


def _when(order: JsonObject) -> str:
    timing = order.get("occurrenceTiming", {})
    repeat = timing.get("repeat", {})
    days = ", ".join(str(each).capitalize() for each in repeat.get("dayOfWeek", ()))
    times = ", ".join(str(each)[:5] for each in repeat.get("timeOfDay", ()))
    minutes = round(session_minutes(timing))
    often = how_often(timing)
    told = (
        days,
        f"at {times}" if times else "",
        f"for {minutes} minutes" if minutes else "",
        # Of days of the week one knows that they come each week.
        often if (often != "every week" or not days) and timing else "",
    )
    return " ".join(each for each in told if each) or "as needed"


def _bounds(order: JsonObject) -> str:
    """Say how long an order lasts."""
    repeat = order.get("occurrenceTiming", {}).get("repeat", {})
    period = repeat.get("boundsPeriod", {})
    longest = repeat.get("boundsDuration") or repeat.get("boundsRange", {}).get("high")
    told = [f" from {period['start']}"] if "start" in period else []
    told += [f" until {period['end']}"] if "end" in period else []
    if longest:
        told.append(f" for {longest.get('value')} {longest.get('unit', longest.get('code', ''))}")
    told += [f", {repeat['count']} times" if "count" in repeat else ""]
    return "".join(told) or " without an end"
