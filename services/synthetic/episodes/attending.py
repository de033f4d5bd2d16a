"""A programme as one person attends it: all of its resources, and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.synthetic.episodes import care
from services.synthetic.episodes.answers import Measuring, measure
from services.synthetic.episodes.plan import write_plan
from services.synthetic.episodes.review import SCORES, write_review
from services.synthetic.episodes.sessions import sessions
from services.synthetic.episodes.stays import follow_up, stay_again
from services.synthetic.episodes.truth import Told, truth
from services.synthetic.episodes.visits import visit
from services.synthetic.timeline import instant

if TYPE_CHECKING:
    from datetime import date

    from services.synthetic.chance import Chance
    from services.synthetic.episodes.courses import Scores
    from services.synthetic.episodes.programme import Programme
    from services.synthetic.episodes.sessions import Session
    from services.synthetic.history import History
    from shared.fhir.reader import JsonObject

_AFTER: Final = timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class Attending:
    """A programme with the scores of its weeks, none in hospital, and of aftercare."""

    history: History
    programme: Programme
    weeks: list[Scores | None]
    after: Scores | None
    chance: Chance

    def write(self, condition: JsonObject, stay: JsonObject) -> JsonObject:
        """Add it to a history that ends with a stay, and give the truth."""
        history, programme = self.history, self.programme
        content = care.episode_of_care(history.subject, condition, programme)
        episode = history.add("EpisodeOfCare", content)
        plan, orders = write_plan(history, programme, [each for each in self.weeks if each])
        held, seen = self._attend(episode, orders)
        clocks = [follow_up(history, stay, programme.referred, seen)]
        again, stays = programme.readmission, stay_again(history, programme, condition)
        if again is not None and stays is not None:
            clocks.append(follow_up(history, stays, again.discharged, seen))
        self._measure(plan, orders)
        handoff = None
        if self.after is not None:
            handoff = care.hand_over(history, programme, episode)
            at = instant(programme.ended + _AFTER, 10)
            measure(history, Measuring(at, self.after, self.chance))
        return truth(programme, Told(self.weeks, self.after, held, clocks, handoff))

    def _attend(
        self, episode: JsonObject, orders: list[JsonObject]
    ) -> tuple[list[Session], dict[date, JsonObject]]:
        """Hold the sessions; gives them, and the first visit of each day that had one."""
        programme = self.programme
        seen: dict[date, JsonObject] = {}
        ordered = dict(zip(programme.activities, orders, strict=True))
        held = list(sessions(programme, self.chance))
        for session in held:
            told = {"episode": episode, "order": ordered[session.activity]}
            kept = visit(self.history, programme, session, told)
            if kept is not None:
                seen.setdefault(session.day, kept)
        return held, seen

    def _measure(self, plan: JsonObject, orders: list[JsonObject]) -> None:
        """Let the person answer each week, and the team decide where it went badly."""
        programme = self.programme
        scores: list[dict[str, JsonObject]] = []
        for week, totals in enumerate(self.weeks):
            if totals is not None:
                at = instant(programme.monday(week), 8, 45)
                scores.append(measure(self.history, Measuring(at, totals, self.chance)))
            review = programme.review
            if review is not None and review.week == week:
                code = SCORES[review.measure]
                evidence = [scores[0][code], scores[-1][code]]
                told = {"plan": plan, "orders": orders, "evidence": evidence}
                write_review(self.history, programme, review, told)
