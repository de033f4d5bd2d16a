"""What a proposed revision does to the goals of a plan: it begins, changes and ends them.

What is only proposed is nobody's goal yet: it is contained in the proposal, so that nothing
measures it before it is accepted. A goal that is changed stays the same Goal, with its history.
https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import goal_words
from services.plan_api.domain.plan_difference import change, changes_in, kind_of
from shared.care.programme_plan import ids_of
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.bundle import Seen
    from services.plan_api.domain.plan_difference import Kind
    from shared.fhir.reader import JsonObject

# What people decide of a goal; how far it has come is for its measures to tell.
_STATED: Final = (
    *("category", "priority", "description", "startDate", "startCodeableConcept", "target"),
    *("expressedBy", "addresses"),
)
_MOST_DIGITS: Final = 9
_WORDS: Final[dict[Kind, str]] = {
    "added": "New goal",
    "removed": "Goal ended",
    "changed": "Goal changed",
}


@dataclass(frozen=True, slots=True)
class GoalDifference:
    """One change: of a goal as it was read, to one as it is to be; None where there is none."""

    before: Seen | None
    after: JsonObject | None

    @property
    def told(self) -> str:
        """Tell it in a sentence."""
        told = [goal_words.told(each) for each in (self._content, self.after) if each]
        return f"{_WORDS[kind_of(self.before, self.after)]}: {', to '.join(told)}."

    @property
    def extension(self) -> JsonObject:
        """Tell it by the version that is changed, and by what is contained in the proposal."""
        return change(
            kind_of(self.before, self.after),
            before=_named(self.before.versioned, self.before.content) if self.before else None,
            after=self.reference or None,
        )

    @property
    def reference(self) -> JsonObject:
        """Refer to the goal as it is to be."""
        return _named(f"#{self.after['id']}", self.after) if self.after else {}

    @property
    def _content(self) -> JsonObject | None:
        return self.before.content if self.before else None


def differences(
    added: Sequence[JsonObject],
    changed: Sequence[tuple[Seen, JsonObject]],
    ended: Sequence[Seen],
    subject: JsonObject,
) -> list[GoalDifference]:
    """Say what becomes of each goal, what is to be under names for a proposal to contain."""
    wanted: list[tuple[Seen | None, JsonObject]] = [*changed, *((None, each) for each in added)]
    found = [
        GoalDifference(before, _contained(before, after, f"goal-{i}", subject))
        for i, (before, after) in enumerate(wanted, 1)
    ]
    return [*found, *(GoalDifference(each, None) for each in ended)]


def goals_as_proposed(
    plan: JsonObject, differences: Sequence[GoalDifference], bases: tuple[str, ...]
) -> list[JsonObject]:
    """Refer to the goals of a plan as they would be."""
    instead = {each.before.content["id"]: each for each in differences if each.before}
    kept = [
        instead[goal_id].reference if goal_id in instead else each
        for each in plan.get("goal", ())
        for goal_id in [next(iter(ids_of([each], "Goal", bases)), None)]
    ]
    new = [each.reference for each in differences if each.before is None]
    return [each for each in (*kept, *new) if each]


def pairs(proposal: JsonObject, bases: tuple[str, ...]) -> list[tuple[str | None, str | None]]:
    """Name the goals that a proposal changes or ends, and what it contains in their place."""
    found = []
    for each in changes_in(proposal):
        before = next(iter(ids_of([each.get("before", {})], "Goal", bases)), None)
        after = str(each.get("after", {}).get("reference", ""))
        contained = after[1:] if after.startswith("#") else None
        if before or contained:
            found.append((before, contained))
    return found


def is_stale(proposal: JsonObject, plan: JsonObject, bases: tuple[str, ...]) -> bool:
    """Tell whether a plan has other goals now than when it was proposed to revise them."""
    found = pairs(proposal, bases)
    if not found:
        return False
    named = {before for before, _ in found if before}
    kept = set(ids_of(proposal.get("goal", ()), "Goal", bases))
    return kept | named != set(ids_of(plan.get("goal", ()), "Goal", bases))


def compared(proposal: JsonObject, bases: tuple[str, ...]) -> list[tuple[str, int]]:
    """Name the goals that a proposal changes or ends, each with the version that was read."""
    named = (str(each.get("before", {}).get("reference", "")) for each in changes_in(proposal))
    links = (parse_reference(each, bases) for each in named)
    return [
        (str(link.id), int(str(link.version)))
        for link in links
        if link.kind == "local" and link.type == "Goal" and _is_number(link.version)
    ]


def is_the_same(before: JsonObject | None, now: JsonObject) -> bool:
    """Tell whether nobody has decided anything else of a goal."""
    return before is not None and _stated(before) == _stated(now)


def changed(goal: JsonObject, proposed: JsonObject) -> JsonObject:
    """Let a goal be as it was proposed; how far it has come stays."""
    kept = {name: value for name, value in goal.items() if name not in _STATED}
    return kept | _stated(proposed)


def begun(proposed: JsonObject, goal_id: str, day: str) -> JsonObject:
    """Make a proposed goal one of its own, that is pursued from a day on."""
    started = {} if "startCodeableConcept" in proposed else {"startDate": day}
    return started | proposed | {"id": goal_id, "lifecycleStatus": "active", "statusDate": day}


def ended(goal: JsonObject, day: str, why: str) -> JsonObject:
    """End a goal: as completed where it has been achieved, else as given up."""
    codings = goal.get("achievementStatus", {}).get("coding", ())
    is_achieved = any(each.get("code") in {"achieved", "sustaining"} for each in codings)
    status = "completed" if is_achieved else "cancelled"
    return goal | {"lifecycleStatus": status, "statusDate": day, "statusReason": why}


def _contained(
    before: Seen | None, after: JsonObject, name: str, subject: JsonObject
) -> JsonObject:
    status = before.content["lifecycleStatus"] if before else "proposed"
    own = {"resourceType": "Goal", "id": name, "lifecycleStatus": status}
    return own | _stated(after) | {"subject": subject}


def _is_number(version: str | None) -> bool:
    return version is not None and version.isdecimal() and len(version) <= _MOST_DIGITS


def _stated(goal: JsonObject) -> JsonObject:
    return {name: goal[name] for name in _STATED if name in goal}


def _named(reference: str, goal: JsonObject) -> JsonObject:
    return {"reference": reference, "display": goal_words.told(goal)}
