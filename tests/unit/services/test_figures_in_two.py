"""Of who is in two programmes at once, a session counts for the one whose plan it is held for."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from services.progress_api.domain.figures.evidence import Evidence
from services.progress_api.domain.figures.programme import own
from shared.care.canonical import code_system

Resource = dict[str, Any]
START, END = "2026-03-10T15:00:00Z", "2026-03-10T17:00:00Z"


def episode(programme: str) -> Resource:
    return {
        "resourceType": "EpisodeOfCare",
        "id": programme,
        "status": "active",
        "type": [{"coding": [{"system": code_system("programme"), "code": programme}]}],
        "patient": {"reference": "Patient/p"},
        "period": {"start": "2026-03-01"},
    }


def plan(programme: str) -> Resource:
    return {
        "id": f"plan-{programme}",
        "subject": {"reference": "Patient/p"},
        "supportingInfo": [{"reference": f"EpisodeOfCare/{programme}"}],
        "activity": [{"reference": {"reference": f"ServiceRequest/order-{programme}"}}],
    }


def counted(programme: str, booked: Resource, seen: Resource | None = None) -> tuple[int, bool]:
    """How many sessions count for a programme, and whether the visit does."""
    appointment = booked | {
        "id": "a",
        "start": START,
        "participant": [{"actor": {"reference": "Patient/p"}}],
    }
    visit = (seen or {}) | {
        "id": "v",
        "subject": {"reference": "Patient/p"},
        "appointment": [{"reference": "Appointment/a"}],
        "period": {"start": START, "end": END},
    }
    [other] = {"iop", "php"} - {programme}
    known: dict[str, Any] = dict.fromkeys(("referrals", "clocks", "handoffs", "scores"), ())
    told = Evidence(
        **known,
        episodes=[episode(programme)],
        elsewhere=[episode(other)],
        appointments=[appointment],
        plans=[plan("iop"), plan("php")],
        orders={},
        encounters={"v": visit},
        bases=(),
    )
    found = own(told, programme, UTC)
    return len(found.appointments), "v" not in found.not_ours


BY_ORDER: Resource = {"basedOn": [{"reference": "ServiceRequest/order-iop"}]}
BY_PLAN: Resource = {"supportingInformation": [{"reference": "CarePlan/plan-iop"}]}
OF_NO_PLAN: Resource = {"basedOn": [{"reference": "ServiceRequest/another"}]}


@pytest.mark.parametrize("booked", [BY_ORDER, BY_PLAN])
def test_a_session_is_of_the_programme_of_its_plan(booked: Resource) -> None:
    assert counted("iop", booked) == (1, True)
    assert counted("php", booked) == (0, False)


def test_a_visit_is_of_the_programme_of_the_plan_whose_order_it_keeps() -> None:
    assert counted("iop", {}, BY_ORDER)[1]
    assert not counted("php", {}, BY_ORDER)[1]


def test_what_the_visit_says_itself_goes_before_its_plan() -> None:
    said = {"episodeOfCare": [{"reference": "EpisodeOfCare/php"}]}

    assert counted("iop", BY_ORDER, said) == (0, False)
    assert counted("php", BY_ORDER, said) == (1, True)


@pytest.mark.parametrize("programme", ["iop", "php"])
def test_what_tells_of_no_plan_is_of_both(programme: str) -> None:
    assert counted(programme, OF_NO_PLAN) == (1, True)
