"""The route of a referral: what it says itself, else what it names as its background."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from services.intake_api.domain.route import SYSTEM, Route, concept, route
from services.intake_api.domain.stay import ACT_CODE
from shared.care.episode import PROGRAMME

ROUTES: tuple[Route, ...] = ("step-down", "step-up", "direct")


def encounter(code: str, status: str = "finished") -> dict[str, Any]:
    kind = {"system": ACT_CODE, "code": code}
    return {"resourceType": "Encounter", "status": status, "class": kind}


def episode(status: str = "active", **of: object) -> dict[str, Any]:
    return {"resourceType": "EpisodeOfCare", "status": status} | of


@pytest.mark.parametrize(
    ("background", "expected"),
    [
        ([], "direct"),
        ([encounter("IMP")], "step-down"),
        ([encounter("ACUTE", "in-progress")], "step-down"),
        ([encounter("AMB")], "step-up"),
        ([encounter("VR")], "step-up"),
        ([encounter("HH")], "step-up"),
        ([episode()], "step-up"),
        ([episode("finished")], "step-up"),
        ([encounter("EMER")], "direct"),
        ([encounter("AMB", "planned")], "direct"),
        ([encounter("IMP", "cancelled")], "direct"),
        ([episode("entered-in-error")], "direct"),
        ([episode(type=[{"coding": [PROGRAMME]}])], "direct"),
        ([episode(), encounter("AMB"), encounter("IMP")], "step-down"),
    ],
)
def test_care_that_came_before_tells_the_route(
    background: list[dict[str, Any]], expected: str
) -> None:
    assert {route({}, each) for each in permutations(background)} == {expected}


@pytest.mark.parametrize("said", ROUTES)
def test_what_a_referral_says_itself_holds(said: Route) -> None:
    request = {"category": [{"text": "x"}, {"coding": [{"code": "other"}]}, concept(said)]}
    assert route(request, [encounter("IMP")]) == said


def test_a_code_that_is_no_route_says_nothing() -> None:
    request = {"category": [{"coding": [{"system": SYSTEM, "code": "somehow"}]}]}
    assert route(request, [encounter("AMB")]) == "step-up"
