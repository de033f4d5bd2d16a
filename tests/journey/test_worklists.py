"""Each kind of Task is found as the page about worklists says, and told when it is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from services.intake_api.definition import DEFINITION as INTAKE
from shared.care.canonical import code_system
from shared.care.worklist import ROLE
from tests.journey.hospital import Hospital
from tests.journey.planning import until
from tests.journey.worklists import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

PAGE = (Path(__file__).parents[2] / "docs" / "dashboards.md").read_text()
TABLE = PAGE.partition("| code | asked for |")[2].partition("\n\n")[0].splitlines()[2:]
ROWS = {
    cells[0].split("`")[1]: cells
    for cells in ([each.strip() for each in row.strip("|").split("|")] for row in TABLE)
}
# What is in the CodeSystem for what goes into Tasks and comes out of them.
PARTS = {"signed-content", "screened-by", "questionnaire", "response"}
WHOSE = {"the clinic": "Organization", "the person": "Patient", "the team": "CareTeam"}
LATE = f"{code_system('clock')}|overdue"
OPEN = {"requested", "received", "accepted", "ready", "in-progress"}
# Made only once something else is late.
LATER = {"escalation"}
NEVER = "\N{EN DASH}"
DAYS = timedelta(days=62)


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=300, trust_env=False
    ) as each:
        until(lambda: each.get("PlanDefinition/iop-adult-mental-health").is_success)
        yield each


@pytest.fixture(scope="module")
def made(http: httpx.Client) -> dict[str, Resource]:
    """One open Task of each kind, with whoever is asked for them."""
    for story in STORIES:
        story(http)
    Hospital(http).pass_time()
    Hospital(http).pass_time()
    return {code: task for code in ROWS if (task := open_one(http, code)) is not None}


@pytest.fixture(scope="module")
def late(http: httpx.Client, made: dict[str, Resource]) -> dict[str, Resource]:
    """The same Tasks when the time of all has passed, and what was escalated."""
    Hospital(http).pass_time(DAYS)
    read = {code: http.get(f"Task/{task['id']}").json() for code, task in made.items()}
    return read | {code: task for code in LATER if (task := open_one(http, code)) is not None}


def token(code: str) -> str:
    is_clock = "(`clock`" in ROWS[code][1]
    return f"{code_system('clock' if is_clock else 'task')}|{code}"


def open_one(http: httpx.Client, code: str) -> Resource | None:
    found = found_by(http, code=token(code), status=",".join(OPEN))
    # What the stories write themselves says nothing of how soon.
    ours = (each for each, mode in found if mode == "match" and "priority" in each)
    return next(ours, None)


def found_by(http: httpx.Client, **criteria: str | list[str]) -> list[tuple[Resource, str]]:
    asked: dict[str, str | list[str]] = {
        name.replace("_", "-", 1): value for name, value in criteria.items()
    }
    asked |= {"_count": "500", "_include": ["Task:patient", "Task:focus"]}
    answer = http.get("Task", params=asked)
    assert answer.is_success, answer.text
    entries = answer.json().get("entry", ())
    return [(each["resource"], each["search"]["mode"]) for each in entries]


def owned(task: Resource) -> dict[str, str]:
    owner = task["owner"]
    if "reference" in owner:
        return {"owner": owner["reference"]}
    assert owner["identifier"]["system"] == ROLE
    return {"owner:identifier": f"{ROLE}|{owner['identifier']['value']}"}


def test_the_page_names_every_kind_of_task() -> None:
    [system] = [each for each in INTAKE.library if each["url"] == code_system("task")]
    kinds = {each["code"] for each in system["concept"]} - PARTS

    assert kinds == {code for code in ROWS if token(code).startswith(code_system("task"))}


@pytest.mark.parametrize("code", sorted(ROWS.keys() - LATER))
def test_a_task_of_each_kind_is_found_with_its_person_and_what_it_is_about(
    http: httpx.Client, made: dict[str, Resource], code: str
) -> None:
    assert code in made
    # Another test may have let the time pass, with which a measure ends.
    is_found_with_all(http, code, http.get(f"Task/{made[code]['id']}").json())


def is_found_with_all(http: httpx.Client, code: str, task: Resource) -> None:
    _, _, owner, priority, focus, due, _ = ROWS[code]
    assert task["priority"] in priority.split(", ")
    assert task["focus"]["reference"].partition("/")[0] in focus.split(", ")
    assert ("end" in task.get("restriction", {}).get("period", {})) == (due != NEVER)
    assert whose(task) in owner.split(", ")
    begun = datetime.fromisoformat(task["executionPeriod"]["start"])
    # R4's `le` asks for what begins before the day that is named.
    days = [begun.date(), begun.date() + timedelta(days=1)]
    asked = {
        "code": token(code),
        "priority": task["priority"],
        "period": [f"ge{days[0]}", f"le{days[1]}"],
        "status": task["status"],
        **owned(task),
    }
    found = found_by(http, **asked)
    assert task["id"] in {each["id"] for each, mode in found if mode == "match"}
    beside = {f"{e['resourceType']}/{e['id']}" for e, mode in found if mode == "include"}
    assert task["focus"]["reference"] in beside
    assert {task["for"]["reference"]} <= beside if "for" in task else "review" in code
    # The same with another owner or priority finds none.
    for wrong in ({"priority": "none-such"}, {"owner:identifier": f"{ROLE}|nobody"}):
        assert not found_by(http, **{k: v for k, v in asked.items() if k != "owner"} | wrong)


def whose(task: Resource) -> str:
    owner = task["owner"]
    if "reference" not in owner:
        return f"`{owner['identifier']['value']}`"
    kind = owner["reference"].partition("/")[0]
    named = {of: words for words, of in WHOSE.items()}
    if kind == "Practitioner":
        code = task["code"]["coding"][0]["code"]
        return "who signs" if code == "sign-off" else "who acted"
    return named[kind]


@pytest.mark.parametrize("code", sorted(ROWS))
def test_what_is_open_when_its_time_has_passed_is_told_late(
    http: httpx.Client, late: dict[str, Resource], code: str
) -> None:
    task = late[code]
    if code in LATER:
        is_found_with_all(http, code, task)
        return
    is_late = ROWS[code][5] != NEVER and task["status"] in OPEN
    asked = {"business_status": LATE, "code": token(code)}
    told = {each["id"] for each, mode in found_by(http, **asked) if mode == "match"}
    assert (task["id"] in told) == (is_late or task["status"] == "failed")


def test_what_cannot_wait_is_escalated_once(
    http: httpx.Client, made: dict[str, Resource], late: dict[str, Resource]
) -> None:
    cannot_wait = {code for code, cells in ROWS.items() if "!" in cells[0]}
    escalations = found_by(http, code=token("escalation"))
    parts = [each["partOf"][0]["reference"] for each, mode in escalations if mode == "match"]
    by_steps = {"referral", "handoff"}
    for code, task in late.items():
        # What was asked for late is marked, and escalates nothing.
        if task["status"] in OPEN and "businessStatus" not in made.get(code, {}):
            expected = code in cannot_wait or code in by_steps
            assert parts.count(f"Task/{task['id']}") == expected, code
