"""docs/journey.md shows what the server answers: every request of it is sent, in its order."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

import services
from shared.care.automatic import Policy
from tests.journey.document import exchanges, play_all
from tests.journey.shown import matched, mutants, read_shown

if TYPE_CHECKING:
    from tests.journey.document import Played
    from tests.programs import Programs

DOCUMENT = (Path(__file__).parents[2] / "docs" / "journey.md").read_text()
EXCHANGES = exchanges(DOCUMENT)


@pytest.fixture(scope="module")
def played(all_in_one: Programs) -> list[Played]:
    """Every exchange of the document, as it went on one server."""
    root = all_in_one.fhir.removesuffix("/fhir")
    with httpx.Client(base_url=root, timeout=180, trust_env=False) as http:
        return play_all(EXCHANGES, http)


def test_every_request_is_answered_as_the_document_shows(played: list[Played]) -> None:
    assert len(played) == len(EXCHANGES) > 40


def test_a_document_that_shows_anything_else_is_found_out(played: list[Played]) -> None:
    for each in played:
        body = each.exchange.answer.body
        for wrong in mutants(read_shown(body)) if body else ():
            with pytest.raises(AssertionError, match="the answer differs"):
                matched(wrong, each.answer, each.names, each.exchange.name)


def test_every_policy_is_named_with_its_version() -> None:
    names = [each.name for each in pkgutil.walk_packages(services.__path__, "services.")]
    modules = [import_module(name) for name in names if not name.endswith("__main__")]
    found = {v for each in modules for v in vars(each).values() if isinstance(v, Policy)}

    named = re.findall(r"`([a-z0-9-]+\|\d+\.\d+)`", DOCUMENT)
    assert set(named) == {f"{each.name}|{each.version}" for each in found}


def test_its_six_steps_are_those_of_the_way() -> None:
    steps = re.findall(r"^## (\d)\. (.+)$", DOCUMENT, re.MULTILINE)

    titles = ("Notice", "Assessment", "Level of care", "Plan", "Progress", "Handoff")
    assert steps == [(str(n), title) for n, title in enumerate(titles, 1)]
