"""Whatever is written and corrected, in any order and repetition, the last evidence counts."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.plan_api.domain import review
from services.progress_api.domain import measure_change
from services.progress_api.domain.extraction import DONE, extraction, is_taken_back, revised
from services.progress_api.domain.extraction import retracted as withdrawn
from services.progress_api.domain.measure_change import Window
from shared.care.instruments.registry import score_of
from shared.care.reconcile import Manner, reconciled
from tests.journey.answering import PHQ_9, response

Resource = dict[str, Any]
ZONE = ZoneInfo("America/New_York")
ALWAYS = Window(-(2**62), 2**62)
PEOPLE = ("Patient/a", "Patient/b", "Patient/c")
DAYS = st.integers(1, 5)
STANDING = {"final", "amended", "corrected"}
KNOWN = score_of("44261-6")


def _revised(before: Resource | None, after: Resource) -> Resource | None:
    told = revised(before, after)
    return None if told == before else told


def _withdrawn(before: Resource) -> Resource | None:
    return None if before["status"] == "entered-in-error" else withdrawn(before)


MANNER = Manner(_revised, _withdrawn)


def answered(number: int, person: str, day: int, total: int, status: str) -> Resource:
    counts: dict[str, int | None] = {
        code: min(3, max(0, total - 3 * at)) for at, code in enumerate(PHQ_9[:8])
    }
    authored = f"2026-03-{day:02}T{number:02}:00:00Z"
    sent = response("phq-9", {"reference": person}, authored, counts)
    return sent | {"id": f"r{number}", "status": status}


def scores(responses: list[Resource]) -> list[Resource]:
    done = [each for each in responses if not is_taken_back(each)]
    return [next(iter(extraction(each, ()).results())) for each in done]


def survivor(person: str, links: dict[str, str]) -> str:
    """Who stands for a person: links never lead in a ring here."""
    return survivor(links[person], links) if person in links else person


def changes(found: list[Resource], links: dict[str, str]) -> list[Resource]:
    assert KNOWN is not None
    assert KNOWN[1].change is not None
    shown = []
    for person in PEOPLE:
        own = [e for e in found if survivor(e["subject"]["reference"], links) == person]
        told = measure_change.changes(KNOWN[1].change, own, ALWAYS, ZONE)
        shown += [each | {"subject": {"reference": person}} for each in told]
    return shown


def by_id(resources: list[Resource]) -> dict[str, Resource]:
    return {each["id"]: each for each in resources}


def standing(store: dict[str, Resource]) -> dict[str, Resource]:
    """What stands, apart from how often it was corrected on the way."""
    return {
        each["id"]: {name: value for name, value in each.items() if name != "status"}
        for each in store.values()
        if each["status"] in STANDING
    }


class Record(RuleBasedStateMachine):
    """A record whose derivations run whenever they come to it, each as often as it happens."""

    def __init__(self) -> None:
        super().__init__()
        self.responses: dict[str, Resource] = {}
        self.links: dict[str, str] = {}
        self.scores: dict[str, Resource] = {}
        self.changes: dict[str, Resource] = {}

    @rule(
        number=st.integers(0, 5),
        person=st.sampled_from(PEOPLE),
        day=DAYS,
        total=st.integers(0, 24),
        status=st.sampled_from([*sorted(DONE), "entered-in-error", "in-progress"]),
    )
    def write(self, number: int, person: str, day: int, total: int, status: str) -> None:
        self.responses[f"r{number}"] = answered(number, person, day, total, status)

    @rule(old=st.integers(0, 1), other=st.integers(1, 2))
    def merge(self, old: int, other: int) -> None:
        if old < other:
            self.links[PEOPLE[old]] = PEOPLE[other]

    @rule(old=st.sampled_from(PEOPLE))
    def part(self, old: str) -> None:
        self.links.pop(old, None)

    @rule()
    def score(self) -> None:
        wanted = by_id(scores(list(self.responses.values())))
        self.scores |= reconciled(wanted, self.scores, MANNER)

    @rule()
    def change(self) -> None:
        wanted = by_id(changes(list(self.scores.values()), self.links))
        self.changes |= reconciled(wanted, self.changes, MANNER)

    @rule()
    def settle(self) -> None:
        self.score()
        self.change()
        alone_scores = scores(list(self.responses.values()))
        alone = changes(alone_scores, self.links)
        assert standing(self.scores) == standing(by_id(alone_scores))
        assert standing(self.changes) == standing(by_id(alone))
        called = {each["id"] for each in self.changes.values() if review.calls_for_review(each)}
        assert called == {each["id"] for each in alone if review.calls_for_review(each)}

    @invariant()
    def nothing_is_ever_lost(self) -> None:
        assert {each["status"] for each in self.changes.values()} <= STANDING | {"entered-in-error"}

    def teardown(self) -> None:
        self.settle()
        before = self.scores.copy(), self.changes.copy()
        self.settle()
        assert (self.scores, self.changes) == before


TestRecord = Record.TestCase
TestRecord.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)

_TREES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.fixed_dictionaries({"value": st.integers(0, 3), "status": st.just("final")}),
)


@given(wanted=_TREES, present=_TREES)
def test_after_reconciling_nothing_more_is_written(
    wanted: dict[str, Resource], present: dict[str, Resource]
) -> None:
    after = present | reconciled(wanted, present, MANNER)

    assert reconciled(wanted, after, MANNER) == {}
    assert set(after) == set(present) | set(wanted)
    assert {name for name, each in after.items() if each["status"] in STANDING} == set(wanted)
    assert {name: each["value"] for name, each in after.items() if name in wanted} == {
        name: each["value"] for name, each in wanted.items()
    }
