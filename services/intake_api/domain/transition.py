"""One step of a referral that somebody asks for by its trigger: which it is, and what it leaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shared.care.referral.machine import TRIGGERS, allowed, by_trigger
from shared.care.referral.plain import allowed as allowed_plainly
from shared.care.referral.task import TRIGGER, is_referral, is_tracked, moved, state_of
from shared.fhir.errors import Conflict, Malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.care.referral.machine import Party, Transition
    from shared.fhir.reader import JsonObject


def chosen(task: JsonObject, trigger: str, parties: frozenset[Party]) -> Transition:
    """Choose the step that a trigger means where a referral stands.

    :raises Malformed: when there is no such trigger.
    :raises Conflict: when it leads nowhere from here, or is another party's.
    """
    code, state = re.sub(r"[^a-z]+", "-", trigger.lower()).strip("-"), state_of(task)
    if code not in TRIGGERS:
        raise Malformed(
            f"There is no such trigger; there are {', '.join(TRIGGERS)}.",
            expression="Parameters.parameter",
        )
    if not is_referral(task):
        raise Conflict("This Task is about no referral.", expression="Task.code")
    if not is_tracked(task) and task["status"] != "draft":
        raise Conflict(
            "This Task has no business status, so its status is changed by an update. "
            + allowed_plainly(task["status"]),
            expression="Task.businessStatus",
        )
    step = by_trigger(state, code)
    if step is None:
        raise Conflict(f"{code} leads nowhere. {allowed(state)}", expression="Task.status")
    if step.actor not in parties:
        told = f"{code} is a step of the {step.actor}. {allowed(state)}"
        raise Conflict(told, expression="Task.status")
    return step


def done(
    task: JsonObject,
    step: Transition,
    at: str,
    *,
    reason: JsonObject | None = None,
    outputs: Sequence[JsonObject] = (),
) -> JsonObject:
    """Give a Task as a step leaves it, with its reason and what came of it."""
    after: dict[str, Any] = moved(task, step, at)
    if reason:
        after["statusReason"] = reason
    if outputs:
        coding = {"system": TRIGGER, "code": step.trigger, "display": TRIGGERS[step.trigger]}
        kind = {"coding": [coding], "text": TRIGGERS[step.trigger]}
        told = [{"type": kind, "valueReference": each} for each in outputs]
        after["output"] = [*task.get("output", ()), *told]
    return after
