"""Synthetic programmes: repeatable, valid, whole, and as the truth beside them says."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli.console import Failure
from services.cli.loading import contents, files
from services.cli.main import app
from services.synthetic.episodes import episodes
from services.synthetic.marks import IDENTIFIER_SYSTEM
from services.synthetic.places import places_bundle
from shared.fhir import writer
from shared.fhir.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shared.fhir.reader import JsonObject

PEOPLE = 6
COURSES = ["responder", "non-responder", "worsening", "dropout", "relapse", "readmission"]
seeds = st.integers(-(2**40), 2**40)
POINTS = {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}
TOTALS = {"phq-9": "44261-6", "gad-7": "70274-6"}
RELIABLE = {"phq-9": 6, "gad-7": 4}


class Told:
    """One person as the Bundle tells, by nothing but what is in it."""

    def __init__(self, bundle: JsonObject) -> None:
        self.bundle = bundle
        self.by_url = {each["fullUrl"]: each["resource"] for each in bundle["entry"]}

    def all(self, resource_type: str) -> list[JsonObject]:
        return [e for e in self.by_url.values() if e["resourceType"] == resource_type]

    def one(self, resource_type: str) -> JsonObject:
        [only] = self.all(resource_type)
        return only

    def plan(self, intent: str) -> JsonObject:
        [only] = [each for each in self.all("CarePlan") if each["intent"] == intent]
        return only

    def tasks(self, code: str) -> list[JsonObject]:
        return [e for e in self.all("Task") if e["code"]["coding"][0]["code"] == code]

    def scores(self, name: str) -> list[int]:
        """Add up the answers of each response, in the order of time."""
        asked = [e for e in self.all("QuestionnaireResponse") if e["questionnaire"].endswith(name)]
        ordered = sorted(asked, key=lambda each: str(each["authored"]))
        return [sum(map(_points, each["item"])) for each in ordered]

    def sessions(self) -> Iterator[tuple[JsonObject, JsonObject | None]]:
        """Give each Appointment with the Encounter that kept it."""
        kept = {e["appointment"][0]["reference"]: e for e in self.all("Encounter") if _is_kept(e)}
        for url, each in self.by_url.items():
            if each["resourceType"] == "Appointment":
                yield each, kept.get(url)

    def minutes_of_weeks(self, weeks: int) -> list[int]:
        monday = date.fromisoformat(self.plan("plan")["period"]["start"])
        found = [0] * weeks
        for _, visit in self.sessions():
            if visit is not None:
                start, end = (datetime.fromisoformat(visit["period"][e]) for e in ("start", "end"))
                found[(start.date() - monday).days // 7] += int((end - start).total_seconds()) // 60
        return found


def _is_kept(encounter: JsonObject) -> bool:
    return "appointment" in encounter


def _points(item: JsonObject) -> int:
    return POINTS[item["answer"][0]["valueCoding"]["code"]]


def people(seed: int = 7, number: int = PEOPLE) -> list[tuple[Told, JsonObject]]:
    made = episodes(number, seed)
    return [(Told(bundle), truth) for bundle, truth in made if truth is not None]


@pytest.fixture(scope="module")
def made() -> list[tuple[Told, JsonObject]]:
    return people()


def text(number: int, seed: int) -> bytes:
    return b"\n".join(
        writer.write(each) for pair in episodes(number, seed) for each in pair if each
    )


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(seed: int) -> None:
    assert text(2, seed) == text(2, seed) != text(2, seed + 1)
    assert text(2, seed).startswith(text(1, seed))


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_every_resource_is_valid_fhir_r4(seed: int) -> None:
    for told, _ in people(seed):
        assert [issue for each in told.by_url.values() for issue in validate(each)] == []


def test_every_resource_is_labelled_as_test_data(made: list[tuple[Told, JsonObject]]) -> None:
    for told, _ in made:
        for each in told.by_url.values():
            assert [label["code"] for label in each["meta"]["security"]] == ["HTEST"]


def test_every_reference_leads_to_a_resource(made: list[tuple[Told, JsonObject]]) -> None:
    places = {
        f"{e['request']['url']}?{e['request']['ifNoneExist']}" for e in places_bundle()["entry"]
    }
    for told, _ in made:
        found = set(_references(told.bundle))
        assert found <= told.by_url.keys() | places
        assert found & places


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if "reference" in value and isinstance(value["reference"], str):
            yield value["reference"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_every_entry_is_created_once(made: list[tuple[Told, JsonObject]]) -> None:
    asked = [e["request"]["ifNoneExist"] for told, _ in made for e in told.bundle["entry"]]
    types = [e["request"]["url"] for told, _ in made for e in told.bundle["entry"]]
    assert len(set(zip(types, asked, strict=True))) == len(asked)
    assert all(each.startswith(f"identifier={IDENTIFIER_SYSTEM}|") for each in asked)


def test_courses_take_turns(made: list[tuple[Told, JsonObject]]) -> None:
    assert [truth["course"] for _, truth in made] == COURSES


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_the_truth_tells_the_scores_of_the_answers(seed: int) -> None:
    for told, truth in people(seed):
        for name, code in TOTALS.items():
            key = name.replace("-", "_")
            after = [truth["aftercare"][key]] if truth["aftercare"] else []
            answered = told.scores(name)
            weeks = [week[key] for week in truth["weeks"] if week[key] is not None]
            assert answered == weeks + after
            assert answered == _recorded(told, code)
            assert truth["change"][key] == _class(name, weeks[0], weeks[-1])


def _recorded(told: Told, code: str) -> list[int]:
    scores = [e for e in told.all("Observation") if "derivedFrom" in e]
    ours = [e for e in scores if e["code"]["coding"][0]["code"] == code]
    for each in ours:
        response = told.by_url[each["derivedFrom"][0]["reference"]]
        assert response["authored"] == each["effectiveDateTime"]
    ordered = sorted(ours, key=lambda each: str(each["effectiveDateTime"]))
    return [each["valueQuantity"]["value"] for each in ordered]


def _class(name: str, before: int, after: int) -> str:
    """Name the class by the published cut-offs, written down again here."""
    better, cut = before - after, {"phq-9": 5, "gad-7": 5}[name]
    if better <= -RELIABLE[name]:
        return "reliable-worsening"
    if after < cut <= before:
        return "remission"
    if better > 0 and 2 * better >= before:
        return "response"
    return "reliable-improvement" if better >= RELIABLE[name] else "no-reliable-change"


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_course_ends_in_its_class(seed: int) -> None:
    classes = {truth["course"]: truth["change"]["phq_9"] for _, truth in people(seed)}
    assert classes.pop("responder") in {"response", "remission"}
    assert classes.pop("worsening") == "reliable-worsening"
    assert classes.pop("readmission") in {"reliable-improvement", "response"}
    assert set(classes.values()) == {"no-reliable-change"}


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_the_truth_tells_the_minutes_and_kinds_of_the_visits(seed: int) -> None:
    for told, truth in people(seed):
        weeks = [week["minutes"] for week in truth["weeks"]]
        assert told.minutes_of_weeks(len(weeks)) == weeks
        assert sum(weeks) == truth["minutes"]
        kinds = Counter(_kind(*session) for session in told.sessions())
        assert kinds == truth["sessions"]


def _kind(appointment: JsonObject, visit: JsonObject | None) -> str:
    assert (appointment["status"] != "fulfilled") == (visit is None)
    if visit is None:
        return str(appointment["status"])
    if visit["class"]["code"] == "VR":
        return "telehealth"
    if visit["period"]["start"] > appointment["start"]:
        return "late"
    return "left-early" if visit["period"]["end"] < appointment["end"] else "attended"


def test_every_way_to_attend_occurs(made: list[tuple[Told, JsonObject]]) -> None:
    kinds = {kind for _, truth in made for kind in truth["sessions"]}
    assert kinds == {"attended", "late", "left-early", "telehealth", "noshow", "cancelled"}


def test_a_programme_is_over_and_was_handed_over_unless_somebody_left(
    made: list[tuple[Told, JsonObject]],
) -> None:
    for told, truth in made:
        episode, plan = told.one("EpisodeOfCare"), told.plan("plan")
        hold = ["onhold", "active"] if truth["course"] == "readmission" else []
        statuses = [e["status"] for e in episode["statusHistory"]]
        assert statuses == ["planned", "active", *hold, "finished"]
        assert all(
            one["period"]["end"] == other["period"]["start"]
            for one, other in pairwise(episode["statusHistory"])
        )
        assert plan["period"] == {"start": truth["admitted"], "end": truth["ended"]}
        dropped = truth["course"] == "dropout"
        assert plan["status"] == ("revoked" if dropped else "completed")
        handed = [_handed_over(told, task) for task in told.tasks("handoff")]
        assert handed == ([] if dropped else [truth["handoff"]])
        assert (truth["handoff"] is None) == dropped
        assert (truth["aftercare"] is None) == dropped
        assert len(truth["weeks"]) == (5 if dropped else 12)


def _handed_over(told: Told, task: JsonObject) -> JsonObject:
    """Tell when a handoff was asked for and closed, if it is one of the episode and completed."""
    assert task["status"] == "completed"
    named = told.by_url[task["reasonReference"]["reference"]]
    assert named is told.one("EpisodeOfCare")
    assert task["lastModified"] <= named["period"]["end"]
    return {"asked": task["authoredOn"][:10], "closed": task["lastModified"][:10]}


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_a_revision_is_proposed_once_a_measure_has_worsened_and_adds_what_was_accepted(
    seed: int,
) -> None:
    for told, truth in people(seed):
        revision = truth["revision"]
        assert (revision is None) == (truth["course"] not in {"worsening", "readmission"})
        assert [each["focus"] for each in told.tasks("plan-review")] == [
            {"reference": url} for url, e in told.by_url.items() if e.get("intent") == "proposal"
        ]
        if revision is not None:
            _revised(told, truth, accepted=revision["decision"] == "accepted")


def _revised(told: Told, truth: JsonObject, *, accepted: bool) -> None:
    key = truth["revision"]["measure"]
    totals = [week[key] for week in truth["weeks"][: truth["revision"]["week"]]]
    classes = [_class(key.replace("_", "-"), totals[0], each) for each in totals]
    assert classes.index("reliable-worsening") == len(classes) - 1
    proposal = told.plan("proposal")
    assert proposal["status"] == ("completed" if accepted else "revoked")
    cited = [told.by_url[each["reference"]] for each in proposal["supportingInfo"]]
    assert [each["valueQuantity"]["value"] for each in cited] == [totals[0], totals[-1]]
    assert ("note" in told.plan("plan")) == accepted
    assert len(told.plan("plan")["activity"]) == 4 + accepted


def test_revisions_are_accepted_and_rejected() -> None:
    decisions = {truth["revision"]["decision"] for _, truth in people(7, 60) if truth["revision"]}
    assert decisions == {"accepted", "rejected"}


def test_a_readmission_holds_the_episode_and_calls_off_the_sessions(
    made: list[tuple[Told, JsonObject]],
) -> None:
    [(told, truth)] = [each for each in made if each[1]["course"] == "readmission"]
    days = {each["event"]: each["date"] for each in truth["events"]}
    hold = told.one("EpisodeOfCare")["statusHistory"][2]["period"]
    assert (hold["start"][:10], hold["end"][:10]) == (days["readmitted"], days["returned"])
    stays = [e for e in told.all("Encounter") if e["class"]["code"] == "IMP"]
    assert [e["period"]["start"][:10] for e in stays][-1] == days["readmitted"]
    for appointment, visit in told.sessions():
        is_away = days["readmitted"] <= appointment["start"][:10] < days["returned"]
        assert is_away == (appointment["status"] == "cancelled")
        assert visit is None or not is_away


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_each_discharge_has_its_clocks_and_the_first_visit_in_time_satisfies_them(
    seed: int,
) -> None:
    for told, truth in people(seed):
        again = truth["course"] == "readmission"
        assert [len(told.tasks(f"follow-up-{days}d")) for days in (7, 30)] == [1 + again] * 2
        seen = sorted(v["period"]["start"][:10] for _, v in told.sessions() if v is not None)
        for clock, days in (("follow-up-7d", 7), ("follow-up-30d", 30)):
            for task, said in zip(told.tasks(clock), truth["follow_up"], strict=True):
                left = date.fromisoformat(said["discharged"])
                spans = [e for e in seen if 1 <= (date.fromisoformat(e) - left).days <= days]
                assert said[clock.replace("-", "_")] == (spans[0] if spans else None)
                assert task["status"] == ("completed" if spans else "failed")


def test_everything_ends_before_the_last_day() -> None:
    for bundle, _ in episodes(PEOPLE, 3, date(2026, 1, 31)):
        for each in Told(bundle).all("Observation"):
            assert each["effectiveDateTime"] < "2026-01-31"


def test_the_command_writes_files_to_load_and_the_truth_beside_them(tmp_path: Path) -> None:
    out = tmp_path / "episodes"
    asked = ["generate", "--people", "2", "--seed", "3", "--episodes", "--out", str(out)]
    ran = CliRunner().invoke(app, asked)
    assert ran.exit_code == 0, ran.output
    found = files.find([out / "fhir"])
    assert [each.name for each in found] == [
        "person-00001.json",
        "person-00002.json",
        "places.json",
    ]
    assert files.find([out]) == found == files.find([tmp_path])
    assert all(contents.scan(each).resources for each in found)
    lines = (out / "truth.ndjson").read_text().splitlines()
    truths = [json.loads(line) for line in lines]
    assert [each["person"] for each in truths] == ["episode-3-1-1", "episode-3-2-1"]
    assert not any("resourceType" in each for each in truths)


def test_what_is_missing_to_load_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=f"nothing to load: {tmp_path} holds no .json"):
        files.find([tmp_path])
    (tmp_path / "truth.ndjson").touch()
    with pytest.raises(Failure, match=r"holds truth.ndjson, but not the folder fhir"):
        files.find([tmp_path])
