"""Laws of the plans that a person keeps for themselves: to prevent a relapse, and to stay safe.

Each is a CarePlan of its own with a category of ours; its parts are activities, each with a code
of ours and the person's own words. A draft may be unfinished; an active plan is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import code_system
from shared.care.law import CareChange, Found, Law
from shared.fhir.dates import date_range, moment
from shared.fhir.errors import Issue
from shared.fhir.reader import read
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.fhir.reader import JsonObject

CATEGORY: Final = code_system("plan-category")
PART: Final = code_system("plan-part")
_DATA: Final = read(files("shared.care").joinpath("own_plans.json").read_bytes())
VERSION: Final[str] = _DATA["version"]
KINDS: Final[dict[str, dict[str, Any]]] = _DATA["plans"]
_ACTIVITY: Final = "CarePlan.activity"
_TRIGGERS: Final = frozenset({"Condition", "Observation"})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of such a plan: its code, and what it says."""

    code: str
    detail: JsonObject

    @property
    def words(self) -> str:
        """What the person says of it."""
        return str(self.detail.get("description", "")).strip()


def kind_of(plan: JsonObject) -> str | None:
    """Name which plan of a person's own it is; None for any other CarePlan."""
    codes = (code for each in plan.get("category", ()) for code in _codes(each, CATEGORY))
    return next((each for each in codes if each in KINDS), None)


def parts_of(plan: JsonObject) -> list[Part]:
    """List the parts of a plan, in their order."""
    details = (each["detail"] for each in plan.get("activity", ()) if "detail" in each)
    return [Part(code, each) for each in details for code in _codes(each.get("code", {}), PART)]


def triggers_of(plan: JsonObject, bases: tuple[str, ...]) -> list[str]:
    """Name the triggers: Conditions that a plan addresses, and Observations that support it."""
    named = (*plan.get("addresses", ()), *plan.get("supportingInfo", ()))
    found = (_named(each, bases) for each in named)
    return list(dict.fromkeys(e for e in found if e.partition("/")[0] in _TRIGGERS))


def every_part_is_there(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse an active plan without one of its parts, or with one that says nothing."""
    kind = _kind_in_force(change)
    if kind is None:
        return
    parts = parts_of(change.after)
    said = {each.code for each in parts if each.words}
    missing = [each for each in KINDS[kind]["parts"] if each not in said]
    if missing:
        yield _refusal(f"The {_title(kind)} has no words for {', '.join(missing)}.", _ACTIVITY)


def it_says_what_it_is(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse a plan without the code by which others know such plans."""
    kind = _kind_in_force(change)
    also = KINDS[kind].get("also_coded") if kind else None
    categories = change.after.get("category", ())
    if also and not any(also["code"] in _codes(each, also["system"]) for each in categories):
        told = f"A {_title(str(kind))} also has the category {also['system']}|{also['code']}."
        yield _refusal(told, "CarePlan.category")


def every_trigger_has_an_action(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse a trigger that nobody does anything about."""
    kind = _kind_in_force(change)
    wanted = KINDS[kind].get("triggers_need") if kind else None
    if wanted is None:
        return
    triggers = triggers_of(change.after, change.bases)
    if not triggers:
        told = "The plan names no trigger: a Condition it addresses, or an Observation."
        yield _refusal(told, "CarePlan.addresses")
    actions = [each for each in parts_of(change.after) if each.code == wanted]
    for trigger in triggers:
        yield from _about(trigger, actions, change.bases)


def it_is_reviewed_in_time(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse a plan whose next review is not said, or too far away."""
    kind = _kind_in_force(change)
    wanted = KINDS[kind].get("review") if kind else None
    if wanted is None:
        return
    days = int(KINDS[str(kind)]["review_days"])
    latest = change.now.astimezone(UTC) + timedelta(days=days)
    periods = [
        e.detail.get("scheduledPeriod", {}) for e in parts_of(change.after) if e.code == wanted
    ]
    ends = [each["end"] for each in periods if "end" in each]
    if not ends or any(moment(date_range(each)[0]) > latest for each in ends):
        told = f"The next review stands in scheduledPeriod.end, at most {days} days from now."
        yield _refusal(told, f"{_ACTIVITY}.detail.scheduledPeriod")


def _about(trigger: str, actions: Sequence[Part], bases: tuple[str, ...]) -> Iterator[Issue]:
    own = [
        each.detail
        for each in actions
        if each.words
        and trigger in {_named(e, bases) for e in each.detail.get("reasonReference", ())}
    ]
    if not own:
        yield _refusal(f"Nothing is to be done about {trigger}.", _ACTIVITY)
    elif not any(each.get("performer") for each in own):
        yield _refusal(
            f"Nobody is the performer of what is to be done about {trigger}.",
            f"{_ACTIVITY}.detail.performer",
        )


def _kind_in_force(change: CareChange) -> str | None:
    return kind_of(change.after) if change.after.get("status") == "active" else None


def _title(kind: str) -> str:
    return str(KINDS[kind]["title"]).lower()


def _named(reference: JsonObject, bases: tuple[str, ...]) -> str:
    link = parse_reference(str(reference.get("reference", "")), bases)
    return f"{link.type}/{link.id}" if link.kind == "local" else ""


def _codes(concept: JsonObject, system: str) -> list[str]:
    codings = concept.get("coding", ())
    return [str(each.get("code")) for each in codings if each.get("system") == system]


def _refusal(told: str, expression: str) -> Issue:
    return Issue("error", "business-rule", told, expression)


LAWS: Final = (
    Law("CarePlan", it_says_what_it_is),
    Law("CarePlan", every_part_is_there),
    Law("CarePlan", every_trigger_has_an_action),
    Law("CarePlan", it_is_reviewed_in_time),
)
