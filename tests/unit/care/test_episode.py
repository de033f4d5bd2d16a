"""How an episode's status moves on, and who admits to the programme."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.care import laws
from shared.care.admission_decision import LAWS as DECISION
from shared.care.episode import PROGRAMME, finished, is_admission, is_programme, moved
from shared.care.law import CareChange
from shared.fhir.validation import validate

AT = "2026-03-10T12:00:00.000Z"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def an_episode(status: str = "planned", **elements: Any) -> dict[str, Any]:  # noqa: ANN401
    episode = {
        "resourceType": "EpisodeOfCare",
        "id": "e1",
        "status": status,
        "type": [{"coding": [PROGRAMME]}],
        "patient": {"reference": "Patient/p1"},
    }
    return {name: value for name, value in (episode | elements).items() if value is not None}


def refusals(before: dict[str, Any] | None, after: dict[str, Any], caller: str | None) -> list[str]:
    change = CareChange(before, after, NOW, caller)
    return [issue.code for issue in laws.broken_laws("EpisodeOfCare", change)]


@pytest.mark.parametrize(
    ("elements", "first"),
    [
        ({}, {"end": AT}),
        ({"period": {"start": "2026-03-01"}}, {"start": "2026-03-01", "end": AT}),
        (
            {"statusHistory": [{"status": "planned", "period": {"start": "2026-03-02"}}]},
            {"start": "2026-03-02", "end": AT},
        ),
    ],
)
def test_the_status_before_ends_in_the_history(
    elements: dict[str, Any], first: dict[str, str]
) -> None:
    after = moved(an_episode(**elements), "active", AT)

    assert after["status"] == "active"
    assert after["statusHistory"] == [
        {"status": "planned", "period": first},
        {"status": "active", "period": {"start": AT}},
    ]
    assert validate(after) == []


def test_what_ended_before_stays_as_it_was() -> None:
    ended = {"status": "waitlist", "period": {"start": "2026-02-01", "end": "2026-02-09"}}
    after = moved(an_episode(statusHistory=[ended]), "cancelled", AT)

    assert after["statusHistory"][0] == ended
    assert [each["status"] for each in after["statusHistory"]] == [
        "waitlist",
        "planned",
        "cancelled",
    ]


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ([{"coding": [PROGRAMME]}], True),
        ([{"text": "Housing"}, {"coding": [{"code": "x"}, PROGRAMME]}], True),
        ([{"coding": [PROGRAMME | {"system": "https://elsewhere.example"}]}], False),
        ([{"coding": [PROGRAMME | {"code": "php"}]}], False),
        ([{"text": "iop"}], False),
        (None, False),
    ],
)
def test_an_episode_is_of_the_programme_by_its_type(
    kind: list[dict[str, Any]] | None, *, ours: bool
) -> None:
    assert is_programme(an_episode(type=kind)) is ours


@pytest.mark.parametrize("before", ["planned", "waitlist"])
@pytest.mark.parametrize("caller", [None, "Patient/p1", "Organization/o1", "Device/plan"])
def test_nobody_but_a_practitioner_admits(before: str, caller: str | None) -> None:
    active = an_episode("active")

    assert refusals(an_episode(before), active, caller) == ["forbidden"]
    assert refusals(an_episode(before), active, "Practitioner/7") == []


@pytest.mark.parametrize("before", ["planned", "waitlist"])
def test_whoever_goes_straight_on_hold_is_admitted_too(before: str) -> None:
    change = CareChange(an_episode(before), an_episode("onhold"), NOW, "Practitioner/x")

    assert refusals(an_episode(before), an_episode("onhold"), None) == ["forbidden"]
    assert refusals(an_episode(before), an_episode("onhold"), "Practitioner/x") == []
    assert is_admission(change)
    assert [need.type for law in DECISION for need in law.needs(change)] == [
        "GuidanceResponse",
        "Provenance",
        "Observation",
    ]


def test_taking_the_type_away_admits_nobody_either() -> None:
    assert refusals(an_episode(), an_episode("active", type=None), None) == ["forbidden"]
    assert refusals(an_episode(type=None), an_episode("active"), None) == ["forbidden"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, an_episode("active")),
        (an_episode("active"), an_episode("active", period={"start": "2026-03-01"})),
        (an_episode("onhold"), an_episode("active")),
        (an_episode("planned"), an_episode("waitlist")),
        (an_episode("planned"), an_episode("cancelled")),
        (an_episode(type=None), an_episode("active", type=None)),
    ],
)
def test_other_changes_are_open_to_all(
    before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    assert refusals(before, after, None) == []


@pytest.mark.parametrize("status", ["active", "onhold", "waitlist"])
def test_what_was_told_by_a_clock_ahead_does_not_end_before_it_began(status: str) -> None:
    ahead = "2027-01-01T00:00:00Z"
    told = [{"status": status, "period": {"start": ahead}}]
    episode = an_episode(status, statusHistory=told, period={"start": ahead})

    for after in (moved(episode, "cancelled", AT), finished(episode, AT)):
        assert after["statusHistory"][0]["period"] == {"start": ahead, "end": ahead}
        assert validate(after) == []
    assert finished(episode, AT)["period"] == {"start": ahead, "end": ahead}


def test_an_episode_ends_when_it_is_finished() -> None:
    ended = finished(an_episode("active", period={"start": "2026-02-01"}), AT)

    assert (ended["status"], ended["period"]) == ("finished", {"start": "2026-02-01", "end": AT})
