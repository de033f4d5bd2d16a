"""What a death stopped stands again as it stood before, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake_api.domain.death import alive, died, ended_episode, resumed_episode, says
from shared.care.death import DIED, resumed

AT, LATER = "2026-03-05T10:00:00Z", "2026-03-06T10:00:00Z"
STOPPED = {"status": "cancelled", "statusReason": {"text": DIED}}


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ([{"status": "on-hold", "statusReason": {"text": "away"}}], {"text": "away"}),
        ([STOPPED, {"status": "on-hold"}], None),
    ],
)
def test_it_stands_as_before_the_death(earlier: list[dict[str, Any]], expected: object) -> None:
    again = resumed({"id": "t", **STOPPED}, [STOPPED, *earlier])

    assert again is not None
    assert (again["id"], again["status"], again.get("statusReason")) == ("t", "on-hold", expected)


@pytest.mark.parametrize(
    ("now", "earlier"),
    [
        ({"status": "cancelled", "statusReason": {"text": "moved"}}, [{"status": "requested"}]),
        ({"status": "requested"}, [{"status": "draft"}]),
        (STOPPED, [STOPPED]),
    ],
)
def test_what_no_death_stopped_stays(now: dict[str, Any], earlier: list[dict[str, Any]]) -> None:
    assert resumed(now, earlier) is None


def test_nothing_of_a_death_is_left_in_who_is_alive() -> None:
    estimated = {"deceasedDateTime": "2026", "_deceasedDateTime": {"id": "estimated"}}
    assert (
        alive({"id": "p", **estimated})
        == alive({"id": "p", "deceasedBoolean": True})
        == {"id": "p"}
    )


@pytest.mark.parametrize("period", [{}, {"period": {"start": "2026-03-01"}}])
@pytest.mark.parametrize("status", ["planned", "active", "onhold"])
def test_an_episode_goes_on_as_before(status: str, period: dict[str, Any]) -> None:
    before = {"resourceType": "EpisodeOfCare", "status": status, **period}
    ended = ended_episode(before, AT)
    assert ended is not None

    again = resumed_episode(ended, before, LATER)

    assert {name: again.get(name) for name in before} == before
    assert "period" in period or "period" not in again
    assert again["statusHistory"][-1] == {"status": status, "period": {"start": LATER}}


def test_who_is_said_to_be_alive_has_died_when_a_stay_tells_it_as_news() -> None:
    stay, alive_still = {"period": {"end": "2026-03-01"}}, {"id": "p", "deceasedBoolean": False}
    assert died(alive_still, stay, is_news=True) == {"id": "p", "deceasedDateTime": "2026-03-01"}
    assert died(alive_still, stay) is None
    assert died({"id": "p", "deceasedDateTime": "2026-02"}, stay, is_news=True) is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"deceasedDateTime": "2026-03-01"}, True),
        ({"deceasedDateTime": "2026-03-02"}, False),
        ({"deceasedDateTime": "2026-03-01", "_deceasedDateTime": {"id": "estimated"}}, False),
        ({"deceasedBoolean": True}, False),
        ({"deceasedBoolean": False}, False),
        ({}, False),
    ],
)
def test_a_patient_says_what_a_stay_tells(told: dict[str, Any], expected: object) -> None:
    assert says({"id": "p", **told}, {"period": {"end": "2026-03-01"}}) is expected
    assert says({"id": "p", **told}, {}) is (told == {"deceasedBoolean": True})


def test_who_waited_waits_as_since_then() -> None:
    since = [{"status": "waitlist", "period": {"start": "2026-02-01"}}]
    waiting = {"resourceType": "EpisodeOfCare", "status": "waitlist", "statusHistory": since}
    ended = ended_episode(waiting, AT)
    assert ended is not None
    assert len(ended["statusHistory"]) == 2

    assert resumed_episode(ended, waiting, LATER) == waiting
