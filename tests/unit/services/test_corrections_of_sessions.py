"""Sessions, missed ones and measures in any order, of people merged and parted: the last counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from services.progress_api.domain.attendance import observations
from services.progress_api.domain.attendance.observations import PersonsWeek, Visit
from services.progress_api.domain.attendance.week import Week
from services.progress_api.domain.measures import settling, task
from services.progress_api.domain.measures.course import Course, State
from services.progress_api.domain.measures.policy import GRACE
from services.progress_api.domain.measures.settling import Place
from services.progress_api.domain.measures.windows import end_of_day
from services.progress_api.domain.no_show import task as outreach
from services.progress_api.domain.no_show.history import History, Session
from services.progress_api.domain.no_show.wanted import wanted
from shared.care.canonical import CANONICAL, CAUSE
from shared.care.merge import together
from shared.fhir.dates import instant

Resource = dict[str, Any]
PEOPLE = ("a", "b")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = "2026-03-20T10:00:00Z"
HOUR = 3_600_000_000
WEEKS = (Week(date(2026, 3, 2)), Week(date(2026, 3, 9)))
NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
DUE = end_of_day("2026-03-08", UTC)
COURSE = Course((State(START - timedelta(days=1), "active", 1),))


def asked(person: str) -> Resource:
    """The measure of one window, of the episode of one Patient."""
    return {
        "resourceType": "Task",
        "id": f"m-{person}",
        "identifier": [
            {"system": CAUSE, "value": f"EpisodeOfCare/{person}/measure/programme/phq-9/2026-03-02"}
        ],
        "code": {"coding": [task.CODE]},
        "status": "requested",
        "focus": {"reference": "Questionnaire/phq-9"},
        "for": {"reference": f"Patient/{person}"},
        "authoredOn": "2026-03-02T00:00:00Z",
        "restriction": {"period": {"start": "2026-03-02", "end": "2026-03-08"}},
    }


class Sessions(RuleBasedStateMachine):
    """A record whose counts and Tasks are made whenever they are, each as often as it happens."""

    def __init__(self) -> None:
        super().__init__()
        self.merged = False
        self.sessions: dict[int, tuple[str, int, str]] = {}
        self.answers: dict[int, Resource] = {}
        self.now = NOW
        self.weeks: dict[str, Resource] = {}
        self.tasks: dict[str, Resource] = {}
        self.measures = {each: asked(each) for each in PEOPLE}

    @rule(
        number=st.integers(0, 5),
        person=st.sampled_from(PEOPLE),
        day=st.integers(0, 13),
        what=st.sampled_from(["attended", "missed", "missed", "entered-in-error"]),
    )
    def session(self, number: int, person: str, day: int, what: str) -> None:
        self.sessions[number] = (person, day, what)

    @rule(
        number=st.integers(0, 2),
        person=st.sampled_from(PEOPLE),
        day=st.sampled_from(["2026-03-03", "2026-03-06", "2026-03-12"]),
        status=st.sampled_from(["completed", "amended", "entered-in-error"]),
    )
    def answer(self, number: int, person: str, day: str, status: str) -> None:
        self.answers[number] = {
            "resourceType": "QuestionnaireResponse",
            "id": f"r{number}",
            "questionnaire": f"{CANONICAL}/Questionnaire/phq-9",
            "status": status,
            "subject": {"reference": f"Patient/{person}"},
            "authored": day,
        }

    @rule(merged=st.booleans())
    def link(self, *, merged: bool) -> None:
        self.merged = merged

    @rule()
    def count(self) -> None:
        self.weeks = self.counted(self.weeks)

    @rule()
    def reach_out(self) -> None:
        self.tasks = self.called(self.tasks)

    @rule()
    def settle_measures(self) -> None:
        self.measures = self.settled(self.measures)

    @rule()
    def window_passes(self) -> None:
        self.now = DUE + GRACE

    @rule()
    def compare(self) -> None:
        for _ in range(2):
            self.count()
            self.reach_out()
            self.settle_measures()
        assert told(self.weeks) == told(self.counted({}))
        assert standing(self.tasks) == standing(self.called({}))
        alone = self.settled(self.settled({each: asked(each) for each in PEOPLE}))
        assert standing(self.measures) == standing(alone)

    def teardown(self) -> None:
        self.compare()
        before = self.weeks, self.tasks, self.measures
        self.compare()
        assert (self.weeks, self.tasks, self.measures) == before

    def persons(self) -> dict[str, set[str]]:
        """Who stands, with the Patients who are that person."""
        links = {"a": "b" if self.merged else None}
        joined = {each: together(each, links) for each in PEOPLE}
        return {each: joined[each] for each in PEOPLE if each == max(joined[each])}

    def counted(self, store: dict[str, Resource]) -> dict[str, Resource]:
        after = dict(store)
        for survivor, ids in self.persons().items():
            for patient_id in sorted(ids):
                whose = ids if patient_id == survivor else set()
                for week in WEEKS:
                    for each, is_told in self.of_week(patient_id, whose, week):
                        decide = observations.next_version if is_told else observations.withdrawn
                        written = decide(after.get(each["id"]), each)
                        after |= {} if written is None else {each["id"]: written}
        return after

    def of_week(self, patient_id: str, whose: set[str], week: Week) -> list[tuple[Resource, bool]]:
        held = [
            (instant(START + timedelta(days=day)), what)
            for person, day, what in self.sessions.values()
            if person in whose and Week.at(instant(START + timedelta(days=day)), UTC) == week
        ]
        came = [Visit([(at, at + HOUR)], []) for at, what in held if what == "attended"]
        missed = [at for at, what in held if what == "missed"]
        of = PersonsWeek(patient_id, week, is_closed=True)
        is_told = bool(came or missed)
        return [
            (observations.delivered_hours(of, came, UTC), is_told),
            (observations.missed_sessions(of, len(missed)), is_told),
        ]

    def called(self, store: dict[str, Resource]) -> dict[str, Resource]:
        asked_now = {
            outreach.task_id(each.cause): (each, survivor)
            for survivor, ids in self.persons().items()
            for each in wanted(self.history(ids))
        }
        after = dict(store)
        for logical_id, (each, survivor) in asked_now.items():
            if logical_id not in after and each.status != "cancelled":
                after[logical_id] = outreach.opened(each, survivor, AT)
        for logical_id, present in after.items():
            found, survivor = asked_now.get(logical_id, (None, ""))
            followed = outreach.followed(present, found) or present
            after[logical_id] = outreach.about(followed, survivor) if found else followed
        return after

    def history(self, ids: set[str]) -> History:
        held = [
            Session(START + timedelta(days=day), f"s{number}", what == "missed")
            for number, (person, day, what) in self.sessions.items()
            if person in ids and what != "entered-in-error"
        ]
        return History(tuple(sorted(held)), (), (), (), UTC)

    def settled(self, store: dict[str, Resource]) -> dict[str, Resource]:
        after = {}
        for survivor, ids in self.persons().items():
            for each in sorted(ids):
                after[each] = self.settled_one(store[each], ids, is_asked=each == survivor)
        return after

    def settled_one(self, present: Resource, ids: set[str], *, is_asked: bool) -> Resource:
        place = Place(UTC, (), frozenset(ids))
        given = sorted(
            (str(each["authored"]), str(each["id"]))
            for each in self.answers.values()
            if each["subject"]["reference"].removeprefix("Patient/") in ids
            and settling.answers(each, NOW, present, place)
        )
        answer = f"QuestionnaireResponse/{given[0][1]}" if given else None
        current = settling.as_asked(present, is_answered=bool(given), is_asked=is_asked)
        due = settling.due_of(current, UTC)
        if due is None:
            return present
        if not is_asked:
            return settling.withdrawn(current)
        step = settling.next_step(current, due, COURSE, is_answered=bool(given), now=self.now)
        return settling.settled(current, step, answer)


def told(weeks: dict[str, Resource]) -> dict[str, Any]:
    """What the weeks say that stand, however often they were corrected."""
    values = ("valueQuantity", "valueInteger", "component")
    return {
        name: {each: week[each] for each in values if each in week}
        for name, week in weeks.items()
        if week["status"] != "entered-in-error"
    }


def standing(tasks: dict[str, Resource]) -> dict[str, Any]:
    """What people are asked for, and about whom."""
    return {
        name: (each["status"], each["for"], each.get("output"))
        for name, each in tasks.items()
        if each["status"] != "cancelled"
    }


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
