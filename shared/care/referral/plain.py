"""The plain way of a referral between partners who keep to the states of a Task.

https://hl7.org/fhir/us/sdoh-clinicalcare/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.care.referral.machine import Party

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
_BY_INITIATOR: Final = frozenset({"draft", "requested", "entered-in-error"})
_BY_EITHER: Final = frozenset({"cancelled"})


def may_set(status: str) -> frozenset[Party]:
    """Tell which parties may bring a Task into a status."""
    if status in _BY_EITHER:
        return frozenset({"initiator", "recipient"})
    return frozenset({"initiator"}) if status in _BY_INITIATOR else frozenset({"recipient"})


def allowed(status: str | None) -> str:
    """Say what may follow a status, and who may bring it about."""
    following = sorted(NEXT_STATUS.get(status, ()))
    if status is None:
        return f"It begins as {' or '.join(following)}."
    named = [f"{each} by the {' or the '.join(sorted(may_set(each)))}" for each in following]
    return f"From {status} it can only become {', '.join(named) or 'nothing else'}."
