"""Laws of a referral's Task: which step leads where, who takes it, and what it must say.

What contradicts itself is refused as such (422); what cannot follow on where the referral stands,
as a conflict (409) that says what can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.death import is_stopped
from shared.care.law import CareChange, Law, Need
from shared.care.referral import machine, plain
from shared.care.referral.loaded import is_history, programmes
from shared.care.referral.parties import Caller, parties_of
from shared.care.referral.task import (
    is_handoff,
    is_referral,
    is_review,
    is_tracked,
    state_of,
)
from shared.care.worklist import is_role
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.law import Found

WITH_REASON: Final = frozenset({"rejected", "cancelled", "on-hold", "failed"})
# What the parties have agreed on; another referral is another Task.
_FIXED: Final = ("code", "for", "focus", "requester", "owner")
_ANONYMOUS: Final = "A referral is changed by a known party: send X-Stepdown-Actor."


def statuses_fit(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse a status and a business status that contradict each other."""
    if not _is_tracked(change):
        return
    state = state_of(change.after)
    if state not in machine.STATES:
        fitting = [each for each in sorted(machine.STATES, key=str) if _shares(each, state)]
        named = " or ".join(map(str, fitting)) or ", ".join(machine.BUSINESS_STATUS)
        told = f"A referral is never {state}; what fits is {named}."
        yield Issue("error", "business-rule", told, "Task.businessStatus")


def reason_is_told(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse to end or pause a referral without saying why."""
    status = change.after["status"]
    reason = change.after.get("statusReason", {}).get("text")
    if status in WITH_REASON and not reason and _is_held(change):
        told = f"A referral that is {status} says why."
        yield Issue("error", "business-rule", told, "Task.statusReason.text")


def agreement_stands(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse to turn a Task that was sent into another one, or into a referral."""
    before = change.before
    if before is None or before["status"] == "draft" or not _is_agreed(change):
        return
    for name in _FIXED:
        is_asked_now = name == "owner" and ("owner" not in before or is_role(before["owner"]))
        if before.get(name) != change.after.get(name) and not is_asked_now:
            told = f"A referral's {name} never changes; end this one and ask for another."
            yield Issue("error", "business-rule", told, f"Task.{name}")


def step_is_allowed(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse a step that does not lead on from here, or is not the caller's to take."""
    if change.before is None:
        if not is_history(change, found):
            yield from _beginning(change)
    elif _stands_still(change):
        yield from _note(change, found)
    elif _is_held(change):
        yield from _step(change, found)


def _beginning(change: CareChange) -> Iterator[Issue]:
    """A handoff begins at its beginning; a referral from elsewhere may be told at any point."""
    if not is_handoff(change.after):
        return
    caller, status = _caller(change, ()), change.after["status"]
    if caller.reference is None:
        yield Issue("error", "forbidden", _ANONYMOUS, "Task.status")
    elif "initiator" not in parties_of(change.after, caller) and not caller.is_practitioner:
        yield _conflict("Only the requester can make a handoff, or a Practitioner.")
    elif is_tracked(change.after):
        if state_of(change.after) not in machine.BEGINNINGS:
            yield _conflict("A handoff begins as draft, or as received 2.0.")
    elif status not in plain.NEXT_STATUS[None]:
        yield _conflict(f"A handoff is not begun as {status}. {plain.allowed(None)}")


def _note(change: CareChange, found: Found) -> Iterator[Issue]:
    if not _is_agreed(change):
        return
    caller = _caller(change, found)
    if caller.reference is None:
        yield Issue("error", "forbidden", _ANONYMOUS, "Task")
    elif not caller.is_service and not parties_of(change.before or {}, caller):
        yield _conflict("Only the requester or the owner can change a referral.", "Task")


def _step(change: CareChange, found: Found) -> Iterator[Issue]:
    caller = _caller(change, found)
    if caller.reference is None:
        yield Issue("error", "forbidden", _ANONYMOUS, "Task.status")
        return
    told = (
        _refused_whole_way(change, caller)
        if _is_tracked(change)
        else _refused_plain(change, caller)
    )
    if told is not None:
        yield _conflict(told)


def _refused_whole_way(change: CareChange, caller: Caller) -> str | None:
    before, after = state_of(change.before or {}), state_of(change.after)
    if after not in machine.STATES:
        return None  # it is refused as a contradiction
    parties = parties_of(change.before or {}, caller)
    if before not in machine.STATES and parties:
        return None  # what contradicted itself before there was a law may be put right
    steps = machine.between(before, after)
    if any(each.actor in parties for each in steps):
        return None
    if steps:
        return f"This is a step of the {steps[0].actor}. {machine.allowed(before)}"
    return f"Nothing leads from {before} to {after}. {machine.allowed(before)}"


def _refused_plain(change: CareChange, caller: Caller) -> str | None:
    before, after = (change.before or {})["status"], change.after["status"]
    # Nobody can answer a review of somebody who has died: our policy ends it, and opens it again
    # where that was an error.
    if caller.is_service and is_review(change.before) and is_stopped(change.before or {}):
        return None
    if after not in plain.NEXT_STATUS.get(before, ()):
        return plain.allowed(before)
    if caller.is_service and after == "cancelled" and is_review(change.before):
        return None
    if not plain.may_set(after) & parties_of(change.before or {}, caller):
        return f"This is a step of the other party. {plain.allowed(before)}"
    return None


def _is_tracked(change: CareChange) -> bool:
    return is_tracked(change.before) or is_tracked(change.after)


def _is_agreed(change: CareChange) -> bool:
    """Tell whether a write is about a Task that two parties hold each other to."""
    return any(is_handoff(each) for each in (change.before, change.after)) or _is_tracked(change)


def _is_held(change: CareChange) -> bool:
    """Tell whether a write is held to the machine: a review only where its status changes."""
    is_reviewed = change.before is not None and is_review(change.before)
    changes = change.before is None or change.before["status"] != change.after["status"]
    return _is_agreed(change) or (is_reviewed and changes)


def _stands_still(change: CareChange) -> bool:
    return change.before is not None and state_of(change.before) == state_of(change.after)


def _shares(state: machine.State, other: machine.State) -> bool:
    return state.business == other.business or state.status == other.status


def _caller(change: CareChange, found: Found) -> Caller:
    return Caller(change.caller, found[0] if found else (), change.now, change.bases)


def _needs(change: CareChange) -> tuple[Need, ...]:
    if change.before is None:
        return programmes(change)
    is_about = is_referral(change.before) or _is_agreed(change)
    if not is_about or not (change.caller or "").startswith("Practitioner/"):
        return ()
    return (Need("PractitionerRole", (("practitioner", change.caller or ""),)),)


def _conflict(told: str, at: str = "Task.status") -> Issue:
    return Issue("error", "conflict", told, at)


LAWS: Final = (
    Law("Task", statuses_fit),
    Law("Task", reason_is_told),
    Law("Task", agreement_stands),
    Law("Task", step_is_allowed, _needs),
)
