"""docs/search.md shows every kind of search, and each finds what the page says."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import httpx
import pytest

from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.query import RESULT
from shared.fhir.search.values import VALUE_TYPES, number
from tests.journey.findings import Ask, asks, compare, otherwise, send

if TYPE_CHECKING:
    from tests.journey.shown import Names
    from tests.programs import Programs

DOCUMENT = (Path(__file__).parents[2] / "docs" / "search.md").read_text()
ASKS = asks(DOCUMENT)
CRITERION = re.compile(r"[?&\n]([A-Za-z_-]+)(?::([A-Za-z-]+))?=([a-z]{2}(?=\d))?")
PROGRESS = "$reindex-progress"
PATIENCE = 30


@dataclass(frozen=True)
class Played:
    """A request as it went, and what the names stood for before it."""

    ask: Ask
    answer: httpx.Response
    names: Names


@pytest.fixture(scope="module")
def played(all_in_one: Programs) -> list[Played]:
    """Every request of the page, in its order, on an empty record."""
    names, told = {"base": all_in_one.fhir}, list[Played]()
    root = all_in_one.fhir.removesuffix("/fhir")
    with httpx.Client(base_url=root, timeout=180, trust_env=False) as http:
        for each in ASKS:
            told.append(Played(each, settled(each, http, names), names))
            names = compare(each, told[-1].answer, names)
    return told


def settled(ask: Ask, http: httpx.Client, names: Names) -> httpx.Response:
    """Send a request, and again as long as it tells of work that is not done."""
    until = time.monotonic() + PATIENCE
    answer = send(ask, http, names)
    while PROGRESS in ask.target and time.monotonic() < until:
        if not any(each.get("valueBoolean") is False for each in answer.json()["parameter"]):
            break
        time.sleep(0.2)
        answer = send(ask, http, names)
    return answer


def test_every_search_finds_what_the_page_says(played: list[Played]) -> None:
    assert len(played) == len(ASKS) > 150


def test_a_page_that_says_anything_else_is_found_out(played: list[Played]) -> None:
    for each in played:
        for wrong in otherwise(each.ask):
            with pytest.raises(AssertionError):
                compare(wrong, each.answer, each.names)


def asked(part: int) -> set[str]:
    """Collect the names, modifiers or prefixes of all parameters that the page asks by."""
    texts = [f"{each.target}\n{each.body}" for each in ASKS if not each.body.startswith("{")]
    return {found[part] for text in texts for found in CRITERION.findall(text)} - {""}


def test_every_modifier_and_prefix_is_shown() -> None:
    modifiers = {each for kind in VALUE_TYPES.values() for each in kind.MODIFIERS}

    assert modifiers | {"missing", "iterate"} <= asked(1)
    assert set(get_args(number.Prefix)) - {"eq"} <= asked(2)


def test_every_special_and_result_parameter_is_shown() -> None:
    special = {code for code in served_parameters("Patient") if code.startswith("_")}
    others = {"_type", "_list", "_include", "_revinclude"}

    assert special | others | RESULT <= asked(0)


def test_every_type_of_parameter_is_shown() -> None:
    shown = set()
    for each in ASKS:
        kind = re.match(r"/fhir/(\w+)\?", each.target)
        codes = [code for code, _, _ in CRITERION.findall(each.target)]
        known = served_parameters(kind[1]) if kind and kind[1] != "_history" else {}
        shown |= {known[code].type for code in codes if code in known}

    assert shown == set(VALUE_TYPES)


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^\w-]", "", each.lower().replace(" ", "-")) for each in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", DOCUMENT)) <= anchors
