"""Every code of ours that the services use stands in a CodeSystem that they publish."""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING, Any, get_args

import pytest

from services.intake_api.definition import DEFINITION as INTAKE
from services.intake_api.domain import admission_asks, route
from services.intake_api.domain.follow_up import marks, windows
from services.plan_api.definition import DEFINITION as PLAN
from services.plan_api.domain import periodic_review, unmet
from services.plan_api.templates import services
from services.progress_api.definition import DEFINITION as PROGRESS
from services.progress_api.domain import answer_issue
from services.progress_api.domain.disagreement import policy as disagreement
from services.progress_api.domain.early_warning import resources, signals
from services.progress_api.domain.handoff import policy as handoff
from services.progress_api.domain.no_show import policy as no_show
from shared.care import own_plans, places, weekly_hours
from shared.care.canonical import code_system
from shared.care.instruments.registry import INSTRUMENTS
from shared.care.referral.machine import TRIGGERS
from shared.fhir.reader import read
from shared.fhir.validation import validate
from tests.architecture.tree import ROOT
from tests.unit.services.code_uses import OURS, all_uses, uses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIBRARY = [e for each in (INTAKE, PLAN, PROGRESS) for e in each.library]
SYSTEMS = {each["url"]: each for each in LIBRARY if each["resourceType"] == "CodeSystem"}
CODES = {url: {e["code"] for e in each["concept"]} for url, each in SYSTEMS.items()}
USES = all_uses()


def of(module: str, name: str) -> Any:  # noqa: ANN401
    return vars(importlib.import_module(f"services.{module}"))[name]


# What a code may be that is chosen only as the program runs, by module and system.
CHOSEN: dict[tuple[str, str], Iterable[str]] = {
    ("intake_api.domain.admission_asks", "task"): [e["code"] for e in admission_asks.ASKS],
    ("intake_api.domain.follow_up.marks", "clock"): marks.REASONS,
    ("intake_api.domain.follow_up.opening", "clock"): [e.code for e in windows.AFTER_DISCHARGE],
    ("intake_api.domain.follow_up.readmission", "task"): ["outreach", "readmission-review"],
    ("intake_api.domain.follow_up.starting", "clock"): [
        code for e in windows.WINDOWS for code in (e.code, *(other for other, _ in e.also_as))
    ],
    ("intake_api.domain.level_of_care.guidance", "level-of-care-criterion"): [
        criterion.id
        for each in of("intake_api.domain.level_of_care.library", "CRITERIA_SETS")
        for criterion in each.criteria
    ],
    ("intake_api.domain.place_tasks", "task"): of("intake_api.domain.place_tasks", "_TEXTS"),
    ("intake_api.domain.route", "route"): get_args(route.Route),
    ("intake_api.domain.self_referral", "preference"): of(
        "intake_api.domain.self_referral", "_FACTS"
    ),
    ("intake_api.domain.self_referral", "task"): ["referral", "safety-review"],
    ("intake_api.domain.transition", "referral-trigger"): TRIGGERS,
    ("intake_api.domain.waitlist", "waitlist-reason"): [
        e["code"] for e in of("intake_api.domain.waitlist", "_DATA")["reasons"]
    ],
    ("plan_api.domain.periodic_review", "task"): periodic_review.CODES,
    ("plan_api.domain.review", "proposal-reason"): of("plan_api.domain.review", "_DATA")["signals"],
    ("plan_api.domain.unmet", "unmet-reason"): get_args(unmet.Reason),
    ("plan_api.templates.catalogue", "coping-skill"): of("plan_api.templates.catalogue", "SKILLS"),
    ("plan_api.templates.catalogue", "psychoeducation-topic"): of(
        "plan_api.templates.catalogue", "TOPICS"
    ),
    ("plan_api.templates.own_plans", "plan-category"): own_plans.KINDS,
    ("plan_api.templates.own_plans", "plan-part"): [
        part for each in own_plans.KINDS.values() for part in each["parts"]
    ],
    ("plan_api.templates.plan", "team-role"): [
        e["by"] for e in services.SERVICES.values() if "by" in e
    ],
    ("plan_api.templates.services", "service"): [
        code for each in services.SERVICES.values() for code in (each["id"], each["setting"])
    ],
    ("progress_api.domain.answer_issue", "detected-issue"): answer_issue.KINDS,
    ("progress_api.domain.attendance.observations", "hours-policy"): [
        e.name for e in weekly_hours.POLICIES
    ],
    ("progress_api.domain.attendance.observations", "measure"): of(
        "progress_api.domain.attendance.observations", "_TEXTS"
    ),
    ("progress_api.domain.completed_response", "instrument"): [e.name for e in INSTRUMENTS],
    ("progress_api.domain.disagreement.issue", "detected-issue"): disagreement.KINDS,
    ("progress_api.domain.early_warning.resources", "proposal-reason"): signals.TITLES,
    ("progress_api.domain.early_warning.resources", "risk"): resources.OUTCOMES,
    ("progress_api.domain.figures.report", "figure"): CODES[code_system("figure")],
    ("progress_api.domain.figures.ways", "clock"): ["follow-up-7d", "follow-up-30d"],
    ("progress_api.domain.handoff.referral", "clock"): [e.code for e in handoff.CLOCKS],
    ("progress_api.domain.measure_change", "change"): of(
        "progress_api.domain.measure_change", "_TEXTS"
    ),
    ("progress_api.domain.measure_change", "measure"): [
        score.change.code for each in INSTRUMENTS for score in each.scores if score.change
    ],
    ("progress_api.domain.no_show.task", "outreach"): [
        *of("progress_api.domain.no_show.task", "_REASONS"),
        *(e.code for e in no_show.STEPS),
        *no_show.ENDED_BY,
    ],
    ("progress_api.domain.no_show.task", "task"): of("progress_api.domain.no_show.task", "_CODES"),
    ("progress_api.domain.risk_observation", "suicide-risk"): ["lowest", "highest"],
    ("progress_api.domain.score_observations", "band"): [
        band.code for each in INSTRUMENTS for score in each.scores for band in score.bands
    ],
    ("progress_api.domain.suicide_risk_action", "task"): [
        e["code"] for e in of("progress_api.domain.suicide_risk_action", "_ACTIONS")
    ],
    ("synthetic.episodes.stays", "clock"): [e.code for e in windows.AFTER_DISCHARGE],
    ("shared.care.places", "preference"): places.TRACKS,
}


def test_every_code_system_that_the_code_names_is_published() -> None:
    named = {each.system for each in USES}

    assert {code_system(each) for each in ("task", "programme", "clock", "service")} <= named
    assert sorted(named - SYSTEMS.keys()) == []


def test_every_code_that_the_code_names_is_in_its_code_system() -> None:
    told = [each for each in USES if each.code is not None]

    assert len(told) > 70
    assert [each for each in told if each.code not in CODES.get(each.system, ())] == []


def test_every_code_that_is_chosen_as_the_program_runs_is_in_its_code_system() -> None:
    chosen = {
        (each.module.removeprefix("services."), each.system.removeprefix(OURS))
        for each in USES
        if each.code is None
    }

    assert sorted(chosen ^ CHOSEN.keys()) == []
    for (module, system), codes in CHOSEN.items():
        assert set(codes) - CODES[code_system(system)] == set(), (module, system)


@pytest.mark.parametrize(
    ("written", "is_found"),
    [
        ('{"system": code_system("task"), "code": "outreach"}', True),
        ('{"system": code_system("task"), "code": "out-reach"}', False),
        ('concept(code_system("task"), "out-reach", "Outreach")', False),
        ("f\"{code_system('task')}|outreach,{code_system('task')}|out-reach\"", False),
        ('{"system": code_system("tasks"), "code": "outreach"}', False),
    ],
)
def test_a_code_that_is_not_there_is_noticed(written: str, *, is_found: bool) -> None:
    found = list(uses(ast.parse(written), {"code_system": code_system}, "a.module"))

    assert found
    assert all(each.code in CODES.get(each.system, ()) for each in found) is is_found


def test_every_code_in_the_data_beside_the_code_is_in_its_code_system() -> None:
    told = [each for path in DATA for each in codings(read(path.read_bytes()))]

    assert len(told) > 100
    assert [each for each in told if each[1] not in CODES.get(each[0], ())] == []


DATA = sorted(
    path
    for folder in ("services", "shared/care")
    for path in (ROOT / folder).rglob("*.json")
    if OURS in path.read_text()
)


def codings(told: object) -> Iterator[tuple[str, str]]:
    if isinstance(told, list):
        for each in told:
            yield from codings(each)
    if isinstance(told, dict):
        if str(told.get("system", "")).startswith(OURS) and "code" in told:
            yield told["system"], told["code"]
        for each in told.values():
            yield from codings(each)


def test_a_code_that_is_not_there_is_noticed_in_data() -> None:
    told = {"code": {"coding": [{"system": code_system("measure"), "code": "who-5"}]}}

    [(system, code)] = codings(told)
    assert code not in CODES[system]
    assert "who-5-score" in CODES[system]


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda each: each["id"])
def test_a_code_system_is_valid_and_names_each_code_once(system: dict[str, Any]) -> None:
    codes = [each["code"] for each in system["concept"]]

    assert validate(system) == []
    assert system["url"] == code_system(system["id"])
    assert len(codes) == len(set(codes)) == system["count"]
