"""Laws of a handoff's Task: the plain way of a referral between partners, and who goes which step.

The states and actors are those of SDOH Clinical Care; only Tasks coded `handoff` are held to them.
https://hl7.org/fhir/us/sdoh-clinicalcare/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import code_system
from shared.care.law import CareChange, Law
from shared.fhir.errors import Issue
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.care.law import Found
    from shared.fhir.reader import JsonObject

HANDOFF: Final = {"system": code_system("task"), "code": "handoff"}
# From which status which may follow; None is a Task that does not exist yet.
NEXT_STATUS: Final[dict[str | None, frozenset[str]]] = {
    None: frozenset({"draft", "requested"}),
    "draft": frozenset({"requested", "entered-in-error"}),
    "requested": frozenset({"accepted", "rejected", "cancelled", "entered-in-error"}),
    "accepted": frozenset(
        {"in-progress", "on-hold", "completed", "failed", "cancelled", "entered-in-error"}
    ),
    "in-progress": frozenset({"on-hold", "completed", "failed", "cancelled", "entered-in-error"}),
    "on-hold": frozenset({"in-progress", "completed", "failed", "cancelled", "entered-in-error"}),
    "completed": frozenset({"entered-in-error"}),
    "failed": frozenset({"entered-in-error"}),
    "rejected": frozenset({"entered-in-error"}),
    "cancelled": frozenset({"entered-in-error"}),
}
OPEN: Final = frozenset({"draft", "requested", "accepted", "in-progress", "on-hold"})
BY_REQUESTER: Final = frozenset({"draft", "requested", "entered-in-error"})
BY_EITHER: Final = frozenset({"cancelled"})
WITH_REASON: Final = frozenset({"rejected", "cancelled", "on-hold", "failed"})
# What the partners have agreed on; another handoff is another Task.
_FIXED: Final = ("code", "for", "focus", "owner", "requester")


def is_handoff(task: JsonObject | None) -> bool:
    """Tell whether a Task hands a person over to another clinic."""
    codings = (task or {}).get("code", {}).get("coding", ())
    return any({name: each.get(name) for name in HANDOFF} == HANDOFF for each in codings)


def status_follows(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse a status that the Task cannot reach from where it is."""
    before, after = _statuses(change)
    if _is_about_handoff(change) and after != before and after not in NEXT_STATUS.get(before, ()):
        following = _named(NEXT_STATUS.get(before, ()))
        told = "begins as" if before is None else f"that is {before} can only become"
        yield _refused(f"A handoff {told} {following}.", "Task.status")


def actor_may(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse a step to whoever is not the one to take it."""
    before, after = _statuses(change)
    if not _is_about_handoff(change):
        return
    if change.caller is None:
        told = "A handoff is changed by a known party: send X-Stepdown-Actor."
        yield Issue("error", "forbidden", told, "Task.status")
    elif after == before and not _may_note(change):
        yield _refused("Only the requester or the owner can change a handoff.", "Task")
    elif after != before and not _may_set(after, change.before or change.after, change):
        yield _refused(f"{_who_may(after)} can make a handoff {after}.", "Task.status")


def reason_is_told(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse to end or pause a handoff without saying why."""
    status = change.after["status"]
    reason = change.after.get("statusReason", {}).get("text")
    if _is_about_handoff(change) and status in WITH_REASON and not reason:
        yield _refused(f"A handoff that is {status} says why.", "Task.statusReason.text")


def agreement_stands(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse to turn a Task that was requested into another one, or into a handoff."""
    before = change.before
    if before is None or not _is_about_handoff(change) or before["status"] == "draft":
        return
    for name in _FIXED:
        if before.get(name) != change.after.get(name):
            yield _refused(
                f"A handoff's {name} never changes; end this one and ask for another.",
                f"Task.{name}",
            )


def _is_about_handoff(change: CareChange) -> bool:
    return is_handoff(change.before) or is_handoff(change.after)


def _statuses(change: CareChange) -> tuple[str | None, str]:
    before = None if change.before is None else change.before["status"]
    return before, change.after["status"]


def _may_set(status: str, task: JsonObject, change: CareChange) -> bool:
    by_requester = _is(change.caller, task.get("requester", {}), change)
    by_recipient = _is_recipient(task, change) and not by_requester
    if change.before is None:
        return by_requester or _is_practitioner(change)
    if status in BY_EITHER:
        return by_requester or by_recipient
    return by_requester if status in BY_REQUESTER else by_recipient


def _may_note(change: CareChange) -> bool:
    """Tell whether the caller may change what a handoff says beside its status."""
    task = change.before or change.after
    is_ours = (change.caller or "").startswith("Device/")
    return (
        is_ours
        or _is(change.caller, task.get("requester", {}), change)
        or _is_recipient(task, change)
    )


def _is_recipient(task: JsonObject, change: CareChange) -> bool:
    """Tell whether the caller is the owner, or one of the people of the Organization that is."""
    owner = task.get("owner", {})
    if _is(change.caller, owner, change):
        return True
    link = parse_reference(owner.get("reference", ""), change.bases)
    return _is_practitioner(change) and link.type != "Practitioner"


def _is_practitioner(change: CareChange) -> bool:
    return (change.caller or "").startswith("Practitioner/")


def _is(caller: str | None, party: dict[str, Any], change: CareChange) -> bool:
    link = parse_reference(party.get("reference", ""), change.bases)
    return link.kind == "local" and caller == f"{link.type}/{link.id}"


def _who_may(status: str) -> str:
    if status in BY_EITHER:
        return "Only the requester or the owner"
    return "Only the requester" if status in BY_REQUESTER else "Only the owner"


def _named(statuses: Iterable[str]) -> str:
    return ", ".join(sorted(statuses)) or "nothing else"


def _refused(told: str, at: str) -> Issue:
    return Issue("error", "business-rule", told, at)


LAWS = (
    Law("Task", status_follows),
    Law("Task", actor_may),
    Law("Task", reason_is_told),
    Law("Task", agreement_stands),
)
