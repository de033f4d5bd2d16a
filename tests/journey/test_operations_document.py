"""docs/operations.md tells every operation, and what it tells is so: examples, refusals, tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from services.cli.programs import DEFINITIONS
from services.operation_tables import named, parts, render
from shared.server.operation_definitions import operation_definitions
from shared.server.operations.everywhere import with_engine_operations
from tests.journey.document import exchanges, learnt, play, play_all
from tests.journey.refusals import ATTEMPTS, HANDOFF, Attempt, Body, to
from tests.journey.shown import filled, matched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.document import Exchange, Played
    from tests.journey.shown import Names
    from tests.programs import Programs

DOCS = Path(__file__).parents[2] / "docs"
JOURNEY = (DOCS / "journey.md").read_text()
PAGE = (DOCS / "operations.md").read_text()
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
REFUSAL = re.compile(r"^\| (4\d\d) \| (.+?) \| `(.+)` \|$", re.MULTILINE)
# Where on the way an example is asked that is no part of it; any other at its end.
ASIDE = {
    "EpisodeOfCare/$decline": "declined",
    "CarePlan/$propose-revision": "worse",
    "CarePlan/$reject-revision": "worse",
}
# How far the way has gone for somebody, by the request that comes next.
# Those whose evidence must be fresh come last, because each moves the clock.
POINTS = {
    "told of": "GET /fhir/Provenance",
    "worse": "POST /fhir/CarePlan/{proposal}/$accept-revision",
    "declined": "POST /fhir/Patient/{patient}/$level-of-care",
    "assessed": "POST /fhir/Patient/{patient}/$level-of-care",
}
REFUSALS = [
    (name, row)
    for heading, section in SECTIONS.items()
    for name in [heading if heading in ATTEMPTS else ""]
    for row in REFUSAL.findall(section)
]
TITLES = [f"{name} {when}" for name, (_, when, _) in REFUSALS]


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    root = all_in_one.fhir.removesuffix("/fhir")
    with httpx.Client(base_url=root, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture(scope="module")
def way(http: httpx.Client) -> list[Played]:
    """The whole way, as docs/journey.md shows it."""
    return play_all(exchanges(JOURNEY), http)


@pytest.fixture(scope="module")
def people(http: httpx.Client, way: list[Played]) -> dict[str, Names]:
    """The names of people at different points of the way."""
    told = {point: _another(number, point, http) for number, point in enumerate(POINTS, 2)}
    other = {"resourceType": "Organization", "id": "other", "name": "Synthetic Other Clinic"}
    http.put("/fhir/Organization/other", json=other).raise_for_status()
    handed = _ask(http, Attempt(HANDOFF, to("Organization/other")), told["worse"])
    [task] = [
        each["resource"]
        for each in handed.raise_for_status().json()["parameter"]
        if each["name"] == "task"
    ]
    watching = {"based-on": task["focus"]["reference"], "code": "aftercare-7d"}
    found = http.get("/fhir/Task", params=watching).raise_for_status().json()
    [clock] = [each["resource"]["id"] for each in found["entry"]]
    elsewhere = told["worse"] | {"elsewhere": task["id"], "clock": clock}
    return told | {"finished": way[-1].names, "handed over": elsewhere}


def _another(number: int, point: str, http: httpx.Client) -> Names:
    """Play the way for somebody else, up to a point."""
    text = JOURNEY.replace("MRN-5501", f"MRN-550{number}").replace("S-1001", f"S-100{number}")
    clock, _places, *others = exchanges(text.replace("4e-0000-4000", f"4e-000{number}-4000"))
    story = [clock, *others]
    stops = [i for i, each in enumerate(story) if each.request.first.startswith(POINTS[point])]
    return learnt(play_all(story[: stops[0]], http)[-1])


def _ask(http: httpx.Client, attempt: Attempt, names: Names) -> httpx.Response:
    headers = {"X-Stepdown-Actor": filled(attempt.actor, names)} if attempt.actor else {}
    body: Body | None = json.loads(filled(json.dumps(attempt.body), names))
    method = "GET" if body is None else "POST"
    return http.request(method, f"/fhir/{filled(attempt.path, names)}", json=body, headers=headers)


def example(name: str) -> Exchange:
    [found] = exchanges(SECTIONS[name])
    return found


def test_every_operation_has_its_part_and_no_other() -> None:
    served = [with_engine_operations(each, is_open=True) for each in DEFINITIONS]
    defined = {each["id"] for one in served for each in operation_definitions(one.operations)}

    assert {name.replace("/$", "-").removeprefix("$") for name in named(PAGE)} == defined
    assert set(parts()) == set(named(PAGE)) <= set(SECTIONS)


def test_every_parameter_is_told_as_it_is_declared() -> None:
    assert render(PAGE) == PAGE, "make golden"


def test_a_page_that_tells_a_parameter_otherwise_is_found_out() -> None:
    wrong = PAGE.replace("| `reason` | in | string | 1..1 |", "| `reason` | in | string | 0..1 |")

    assert wrong != PAGE
    assert render(wrong) == PAGE


def test_every_operation_stands_in_the_list_at_the_top() -> None:
    listed = re.findall(r"^\| \[`(.+?)`\]\(#(.+?)\)", PAGE, re.MULTILINE)

    assert sorted(name for name, _ in listed) == sorted(named(PAGE))
    assert [re.sub(r"[^a-z-]", "", name.lower()) for name, _ in listed] == [to for _, to in listed]


@pytest.mark.parametrize("name", named(PAGE))
def test_an_example_is_answered_like_this(
    name: str, http: httpx.Client, way: list[Played], people: dict[str, Names]
) -> None:
    shown = example(name)
    played = [each for each in way if _asked(each.exchange) == _asked(shown)]

    if played:
        assert shown.answer.body in {each.exchange.answer.body for each in played}
    else:
        learnt(play(shown, http, people[ASIDE.get(name, "finished")]))


def _asked(exchange: Exchange) -> tuple[object, ...]:
    return exchange.request.first, exchange.request.headers, exchange.request.body


def test_every_refusal_listed_is_tried() -> None:
    listed = [(name, when) for name, (_, when, _) in REFUSALS]

    assert listed == [(name, when) for name, rows in ATTEMPTS.items() for when in rows]


@pytest.mark.parametrize(("name", "row"), REFUSALS, ids=TITLES)
def test_a_refusal_is_as_it_is_told(
    name: str, row: tuple[str, str, str], http: httpx.Client, people: dict[str, Names]
) -> None:
    status, when, told = row
    attempt = ATTEMPTS[name][when]
    names = people[attempt.person]

    answer = _ask(http, attempt, names)

    assert str(answer.status_code) == status
    said = [each["diagnostics"] for each in answer.json()["issue"]]
    matched(["…", told, "…"], said, names, when)
