"""How a clock's Task says what became of it: by status, reason, output and business status.

What we did bears a code of ours, so that what people decided is told from it, and stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from services.intake_api.domain.clock import CLOCK, unmarked

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_SATISFIED_BY: Final = {"system": CLOCK, "code": "satisfied-by"}
REASONS: Final = {
    "in-hospital": "The person is in hospital.",
    "restarted": "The person was in hospital again: the clocks of the last discharge run instead.",
    "excluded": "The person was in hospital again, for something else: that discharge's run.",
    "admitted": "The emergency visit led to an inpatient stay.",
    "withdrawn": "What started this clock was taken back, or is another thing now.",
    "declined": "The person was not admitted to the programme.",
    "death": "The person has died.",
    "satisfied": "The follow-up took place within its window, and was told late.",
    "gone-on": "The step that was awaited has been made.",
    "done": "What was overdue has been done.",
    "ended": "What was overdue is not to be done any more.",
}

Status = Literal["requested", "completed", "on-hold", "cancelled"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a clock: its status, why, and by which Encounters it is satisfied."""

    status: Status
    reason: str | None = None
    by: tuple[str, ...] = ()


def marked(task: JsonObject, verdict: Verdict) -> JsonObject:
    """Give a clock as a verdict has it; what is no longer open is overdue no more."""
    others = [each for each in task.get("output", ()) if not is_satisfaction(each)]
    outputs = [*others, *map(_satisfaction, verdict.by)]
    dropped = {"output"} | ({"statusReason"} if is_reason(task) else set())
    rest = {name: value for name, value in task.items() if name not in dropped}
    if verdict.status in {"completed", "cancelled"}:
        rest = unmarked(rest)
    said = {"statusReason": concept(verdict.reason)} if verdict.reason else {}
    return rest | {"status": verdict.status} | said | ({"output": outputs} if outputs else {})


def answered(escalation: JsonObject, verdict: Verdict) -> JsonObject:
    """Call off an escalation, for its clock is no longer open."""
    said = concept(verdict.reason or "satisfied")
    named = f"{said['text']} {', '.join(verdict.by)}".strip()
    return escalation | {"status": "cancelled", "statusReason": said | {"text": named}}


def concept(reason: str) -> JsonObject:
    """Say a reason of ours."""
    return {"coding": [{"system": CLOCK, "code": reason}], "text": REASONS[reason]}


def is_reason(task: JsonObject) -> bool:
    """Tell whether it was us who said why a Task has its status."""
    codings = task.get("statusReason", {}).get("coding", ())
    return any(each.get("system") == CLOCK for each in codings)


def satisfied_by(task: JsonObject) -> tuple[str, ...]:
    """Give the references of the Encounters that have completed a clock."""
    if task.get("status") != "completed":
        return ()
    told = (each for each in task.get("output", ()) if is_satisfaction(each))
    references = (each.get("valueReference", {}).get("reference") for each in told)
    return tuple(each for each in references if each)


def is_called_off(task: JsonObject) -> bool:
    """Tell whether it was us who called a Task off."""
    return task.get("status") == "cancelled" and is_reason(task)


def is_satisfaction(output: JsonObject) -> bool:
    """Tell whether an output names what satisfied a clock."""
    codings = output.get("type", {}).get("coding", ())
    return any({k: each.get(k) for k in _SATISFIED_BY} == _SATISFIED_BY for each in codings)


def _satisfaction(reference: str) -> JsonObject:
    return {"type": {"coding": [_SATISFIED_BY]}, "valueReference": {"reference": reference}}
