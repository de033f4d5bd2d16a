"""docs/dashboards.md shows what coordinators ask, and each request is answered as it says."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from services.progress_api.domain.figures.report import FIGURES
from tests.journey.findings import Ask, asks, compare, otherwise, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.shown import Names
    from tests.programs import Programs

DOCUMENT = (Path(__file__).parents[2] / "docs" / "dashboards.md").read_text()
ASKS = asks(DOCUMENT)
WORK = "$reindex-progress"
PATIENCE = 30


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    root = all_in_one.fhir.removesuffix("/fhir")
    with httpx.Client(base_url=root, timeout=180, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def played(all_in_one: Programs, http: httpx.Client) -> list[tuple[Ask, httpx.Response, Names]]:
    names, told = {"base": all_in_one.fhir}, []
    for each in ASKS:
        answer = settled(each, http, names)
        told.append((each, answer, names))
        names = compare(each, answer, names)
    return told


def settled(ask: Ask, http: httpx.Client, names: Names) -> httpx.Response:
    """Send a request, and again as long as it tells of work that is not done."""
    until = time.monotonic() + PATIENCE
    answer = send(ask, http, names)
    while WORK in ask.target and time.monotonic() < until:
        if not any(each.get("valueBoolean") is False for each in answer.json()["parameter"]):
            break
        time.sleep(0.2)
        answer = send(ask, http, names)
    return answer


def test_every_request_is_answered_as_the_page_says(
    played: list[tuple[Ask, httpx.Response, Names]],
) -> None:
    assert len(played) == len(ASKS) > 12


def test_a_page_that_says_anything_else_is_found_out(
    played: list[tuple[Ask, httpx.Response, Names]],
) -> None:
    for ask, answer, names in played:
        for wrong in otherwise(ask):
            with pytest.raises(AssertionError):
                compare(wrong, answer, names)


def test_every_figure_is_told() -> None:
    assert [name for name in FIGURES if f"| `{name}` |" not in DOCUMENT] == []


def test_every_number_of_every_figure_leads_to_resources_that_are_there(
    played: list[tuple[Ask, httpx.Response, Names]], http: httpx.Client
) -> None:
    assert played
    asked = {"start": "2026-03-01", "end": "2026-03-31"}
    bundle = http.get("/fhir/Organization/programme/$figures", params=asked).json()
    followed = 0
    for report in (each["resource"] for each in bundle["entry"]):
        lists = {f"#{each['id']}": each["entry"] for each in report.get("contained", ())}
        for group in report["group"]:
            strata = [s for each in group.get("stratifier", ()) for s in each["stratum"]]
            for population in (p for each in (group, *strata) for p in each["population"]):
                results = population.get("subjectResults", {}).get("reference")
                items = lists[results] if results else []
                assert population["count"] == len(items)
                for item in items:
                    found = http.get(f"/fhir/{item['item']['reference']}")
                    assert found.status_code == 200
                    followed += 1
    assert followed > 30


def test_the_whole_period_as_parameters_gives_the_same(
    played: list[tuple[Ask, httpx.Response, Names]], http: httpx.Client
) -> None:
    assert played
    url = "/fhir/Organization/programme/$figures"
    period = {"name": "period", "valuePeriod": {"start": "2026-03-01", "end": "2026-03-31"}}
    body = {"resourceType": "Parameters", "parameter": [period]}
    told = http.post(url, json=body).json()["entry"]
    asked = http.get(url, params={"start": "2026-03-01", "end": "2026-03-31"}).json()["entry"]
    assert len(told) == len(asked) == len(FIGURES)
    for one, other in zip(told, asked, strict=True):
        assert one["resource"]["group"] == other["resource"]["group"]
