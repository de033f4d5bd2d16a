"""The hours a week that the orders in force plan today, and of which this cannot be told.

An order may last so long, or be met so often, since its plan began: then the plan is evidence too.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from shared.care.planned_sessions import lasts_since_its_plan_began
from shared.care.programme_plan import activity_ids
from shared.care.weekly_hours import is_planned, planned_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
    from services.intake_api.domain.level_of_care.kleene import Truth
    from shared.care.weekly_hours import HoursPolicy
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Order:
    """An order in force; `plan` tells since when it lasts, where the order itself does not.

    It is `endless` where neither does, so that nobody can tell whether it is over.
    """

    piece: Evidence
    plan: Evidence | None
    endless: bool

    @property
    def cited(self) -> tuple[Evidence, ...]:
        """What its hours follow from."""
        return (self.piece,) if self.plan is None else (self.piece, self.plan)

    def minutes(self, policy: HoursPolicy, moment: Moment) -> Fraction:
        """Give the minutes a week that count for a policy."""
        period = self.plan.content["period"] if self.plan else None
        return planned_minutes([self.piece.content], policy, today(moment), moment.zone, period)


def orders(
    pool: Sequence[Evidence], policies: Iterable[HoursPolicy], moment: Moment
) -> list[Order]:
    """List the active orders of today that count for one of some policies."""
    wanted = tuple(policies)
    return [
        order
        for each in pool
        if each.content["resourceType"] == "ServiceRequest" and each.content["status"] == "active"
        if any(policy.counts(each.content) for policy in wanted)
        if _runs(order := _order(each, pool, moment), moment)
    ]


def hold(policy: HoursPolicy, counted: Iterable[Order], moment: Moment) -> Truth:
    """Tell whether orders hold the hours of a policy; unknown where it depends on endless ones."""
    told = [(each.minutes(policy, moment), each.endless) for each in counted]
    least = sum((minutes for minutes, endless in told if not endless), Fraction())
    most = sum((minutes for minutes, _ in told), Fraction())
    verdicts = {policy.verdict(least), policy.verdict(most)}
    return verdicts.pop() == "met" if len(verdicts) == 1 else None


def cited(counted: Iterable[Order]) -> dict[str, Evidence]:
    """Give what the hours of orders follow from, by its versioned reference."""
    return {piece.versioned: piece for order in counted for piece in order.cited}


def limitations(counted: Iterable[Order]) -> Iterator[JsonObject]:
    """Tell of which orders it is not known whether they are over."""
    for each in counted:
        if each.endless:
            yield {
                "name": "limitation",
                "part": [
                    {"name": "order", "valueReference": {"reference": each.piece.versioned}},
                    {
                        "name": "reason",
                        "valueString": "It lasts since its plan began, and no active CarePlan with "
                        "a period names it: it may be over.",
                    },
                ],
            }


def _order(piece: Evidence, pool: Sequence[Evidence], moment: Moment) -> Order:
    timing = piece.content.get("occurrenceTiming", {})
    if not lasts_since_its_plan_began(timing, moment.zone):
        return Order(piece, None, endless=False)
    plans = [each for each in pool if _names(each, piece, moment.bases)]
    plan = min(plans, key=lambda each: each.versioned, default=None)
    return Order(piece, plan, endless=plan is None)


def _names(piece: Evidence, order: Evidence, bases: tuple[str, ...]) -> bool:
    plan = piece.content
    return (
        plan["resourceType"] == "CarePlan"
        and plan["status"] == "active"
        and plan["intent"] != "proposal"
        and "start" in plan.get("period", {})
        and order.content["id"] in activity_ids(plan, bases)
    )


def _runs(order: Order, moment: Moment) -> bool:
    period = order.plan.content["period"] if order.plan else None
    return is_planned(order.piece.content, today(moment), moment.zone, period)


def today(moment: Moment) -> date:
    """Give the local day."""
    return moment.now.astimezone(moment.zone).date()
