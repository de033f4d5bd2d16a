"""A reliable worsening in a programme: the revision that was proposed, and what was decided.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from services.plan_api.domain.draft_plan import categories
from services.synthetic.codes import coding, concept
from services.synthetic.episodes.sessions import Activity
from services.synthetic.marks import META
from services.synthetic.timeline import instant
from shared.care.canonical import code_system, profile
from shared.care.instruments.change import classify
from shared.care.instruments.registry import score_of
from shared.care.programme_plan import PROFILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from services.synthetic.chance import Chance
    from services.synthetic.episodes.courses import Scores
    from services.synthetic.episodes.programme import Programme
    from services.synthetic.history import History

SCORES: Final = {"phq_9": "44261-6", "gad_7": "70274-6"}
WORSENING: Final = "reliable-worsening"
_TITLE: Final = "Proposal to revise the plan"
_ACCEPTED: Final = "One more individual session a week."
_REJECTED: Final = "The last weeks go on as planned; the aftercare clinic is told."
_UNTIL_DECIDED: Final = timedelta(days=2)
# Too late for a change of the plan to do anything.
_LAST_WEEKS: Final = 2


@dataclass(frozen=True, slots=True)
class Review:
    """The first week, from 0 on, in which a measure (`phq_9`) had worsened, and the decision."""

    week: int
    measure: str
    is_accepted: bool

    @property
    def addition(self) -> Activity:
        """What was proposed, from the following week on."""
        return Activity("individual-therapy", ("mon",), 780, 60, since=self.week + 1)

    @property
    def decision(self) -> str:
        """Name the decision."""
        return "accepted" if self.is_accepted else "rejected"

    @property
    def words(self) -> str:
        """Say why it was decided so."""
        return _ACCEPTED if self.is_accepted else _REJECTED


def review_of(weeks: Sequence[Scores | None], chance: Chance) -> Review | None:
    """Find the first reliable worsening, and decide on the revision that it proposes."""
    first = weeks[0]
    if first is None:
        return None
    for week, now in enumerate(weeks):
        for measure in SCORES:
            if now and classified(measure, first, now) == WORSENING:
                in_time = week < len(weeks) - _LAST_WEEKS
                return Review(week, measure, chance.happens(75) and in_time)
    return None


def classified(measure: str, before: Scores, after: Scores) -> str | None:
    """Name the class of a change by the measure's published rule."""
    found = score_of(SCORES[measure])
    rule = found[1].change if found else None
    if rule is None:
        return None
    return classify(rule, getattr(before, measure), getattr(after, measure)).classified


def decided_on(programme: Programme, review: Review) -> date:
    """Give the day of the decision."""
    return programme.monday(review.week) + _UNTIL_DECIDED


def write_review(
    history: History, programme: Programme, review: Review, told: Mapping[str, Any]
) -> None:
    """Add the proposal and the team's Task; `told` has the `plan`, `orders` and `evidence`."""
    asked = instant(programme.monday(review.week), 9)
    proposal = {
        "meta": META | {"profile": [PROFILE]},
        "status": "completed" if review.is_accepted else "revoked",
        "intent": "proposal",
        "replaces": [told["plan"]],
        "category": categories(),
        "title": _TITLE,
        "description": "A measure worsened reliably.",
        "subject": history.subject,
        "period": programme.period,
        "created": asked,
        "supportingInfo": told["evidence"],
        "activity": [{"reference": each} for each in told["orders"]],
    }
    task = {
        "meta": META | {"profile": [profile("stepdown-task")]},
        "basedOn": [told["plan"]],
        "status": "completed",
        "intent": "order",
        "code": concept("Plan review", coding(code_system("task"), "plan-review")),
        "reasonCode": concept(
            "Reliable worsening", coding(code_system("proposal-reason"), WORSENING)
        ),
        "statusReason": {"text": review.words},
        "focus": history.add("CarePlan", proposal),
        "for": history.subject,
        "owner": programme.clinician,
        "authoredOn": asked,
        "lastModified": instant(decided_on(programme, review), 12),
        "output": [{"type": {"text": "Decision"}, "valueString": review.decision}],
    }
    history.add("Task", task)
