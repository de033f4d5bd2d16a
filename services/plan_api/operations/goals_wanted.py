"""The inputs of `$propose-revision` about goals: those to add, to change and to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.goal_changes import differences
from services.plan_api.writing import seen
from shared.care.programme_plan import ids_of
from shared.fhir.errors import RuleViolation
from shared.server.definition import Parameter

if TYPE_CHECKING:
    from services.plan_api.domain.bundle import Seen
    from services.plan_api.domain.goal_changes import GoalDifference
    from services.plan_api.plan_finding import Named
    from shared.server.call import Call

WHERE: Final = "Parameters.parameter"
_CHANGE: Final = "change-goal"
_END: Final = "end-goal"
_SUCH_AS: Final = {_CHANGE: '"id": "7"', _END: "Goal/7"}


def goals_wanted(named: Named, call: Call) -> list[GoalDifference]:
    """Read what is to become of the goals of a plan.

    :raises RuleViolation: for a goal that is not the plan's, or is named twice.
    """
    inputs = call.inputs
    changed = [
        (_held(f"Goal/{e.get('id')}", _CHANGE, named, call), e) for e in inputs.many(_CHANGE)
    ]
    ended = [_held(text, _END, named, call) for text in inputs.many(_END)]
    ids = [each.content["id"] for each in (*(before for before, _ in changed), *ended)]
    if len(set(ids)) < len(ids):
        raise RuleViolation("A goal is named once: it is changed, or ended.", expression=WHERE)
    return differences(inputs.many("add-goal"), changed, ended, named.plan.content["subject"])


def _held(text: str, name: str, named: Named, call: Call) -> Seen:
    ids = ids_of([{"reference": text}], "Goal", call.context.bases)
    found = next((each for each in named.goals if each.key.id in ids), None)
    if found is None:
        told = f"{name} must name a goal of the plan by its id, such as {_SUCH_AS[name]}."
        raise RuleViolation(told, expression=WHERE)
    return seen(found)


GOALS: Final = (
    Parameter("add-goal", "in", "Goal", "A goal to add.", max=None),
    Parameter(_CHANGE, "in", "Goal", "A goal of the plan, by its id, as it should be.", max=None),
    Parameter(_END, "in", "string", "A goal to end: Goal/[id].", max=None),
)
