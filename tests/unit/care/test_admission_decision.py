"""The law about level of care, on decisions and signatures of every shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.care.admission_decision import LAWS, an_admission_follows_a_decision
from shared.care.canonical import CANONICAL
from shared.care.episode import PROGRAMME
from shared.care.law import CareChange

Resource = dict[str, Any]
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
DOCTOR = "Practitioner/d"
EPISODE: Resource = {
    "resourceType": "EpisodeOfCare",
    "id": "e",
    "status": "active",
    "type": [{"coding": [PROGRAMME]}],
    "patient": {"reference": "Patient/p"},
}
[LAW] = LAWS


def decision(outcome: str, at: str = "2026-03-05T10:00:00Z", **values: str) -> Resource:
    told = [{"name": "outcome", "valueCode": outcome}]
    parts = [
        {"name": "criterion", "part": [_code("code", c), _code("value", v)]}
        for c, v in values.items()
    ]
    return {
        "resourceType": "GuidanceResponse",
        "id": outcome,
        "moduleCanonical": f"{CANONICAL}/Library/iop-general|1.0",
        "occurrenceDateTime": at,
        "contained": [{"resourceType": "Parameters", "parameter": [*told, *parts]}],
    }


def _code(name: str, code: str) -> Resource:
    return {"name": name, "valueCode": code.replace("_", "-")}


def signed(at: datetime = NOW, who: str = DOCTOR, **changes: object) -> Resource:
    return {
        "agent": [{"who": {"reference": who}}],
        "meta": {"lastUpdated": at.isoformat()},
        "reason": [{"text": "Seen today"}],
        **changes,
    }


def excluded(at: str, **value: object) -> Resource:
    return {"meta": {"lastUpdated": at}, **value}


def told(*found: list[Resource], before: str = "planned") -> list[str]:
    change = CareChange(EPISODE | {"status": before}, EPISODE, NOW, DOCTOR)
    lists = (*found, [], [], [])[:3]
    return [each.diagnostics for each in an_admission_follows_a_decision(change, lists)]


def test_a_decision_that_nobody_stands_by_is_none() -> None:
    mistaken = decision("recommend-iop", "2026-03-05T11:00:00Z") | {"status": "entered-in-error"}
    assert told([mistaken])
    assert told([decision("higher"), mistaken])
    assert told([decision("recommend-iop"), mistaken]) == []


@pytest.mark.parametrize("outcome", ["recommend-iop", "recommend-iop-with-conditions"])
def test_who_is_recommended_is_admitted(outcome: str) -> None:
    assert told([decision(outcome)]) == []


@pytest.mark.parametrize(
    "other",
    [
        {"moduleCanonical": "https://elsewhere.example/Library/x|1"},
        {"moduleCanonical": f"{CANONICAL}/Library/cfr-410.44c|1.0"},
        {"contained": []},
        {"contained": [{"resourceType": "Parameters"}]},
        {"contained": [{"resourceType": "Patient"}]},
    ],
)
def test_what_is_no_decision_of_the_programme_admits_nobody(other: Resource) -> None:
    assert len(told([decision("recommend-iop") | other])) == 1
    undated = decision("recommend-iop")
    del undated["occurrenceDateTime"]
    assert len(told([undated])) == 1
    assert len(told([])) == 1


def test_the_last_decision_counts_whatever_the_writing_of_its_time() -> None:
    earlier = decision("higher", "2026-03-05T10:00:00+01:00")
    later = decision("recommend-iop", "2026-03-05T04:30:00-05:00")

    assert told([later, earlier]) == []
    assert len(told([decision("higher", "2026-03"), earlier])) == 1


@pytest.mark.parametrize("forbidden", [decision("higher"), decision("x", EXC_IMMINENT="unknown")])
def test_danger_is_outweighed_by_no_reason(forbidden: Resource) -> None:
    forbidden["contained"][0]["parameter"].append({"name": "criterion"})

    assert len(told([forbidden], [signed()])) == 1


@pytest.mark.parametrize(
    ("signatures", "refused"),
    [
        ([], 1),
        ([signed()], 0),
        ([signed(who="Practitioner/other")], 1),
        ([signed(datetime(2026, 3, 4, tzinfo=UTC))], 1),
        ([{k: v for k, v in signed().items() if k != "reason"}], 1),
    ],
)
def test_what_is_not_recommended_needs_a_reason_signed_with_it(
    signatures: list[Resource], refused: int
) -> None:
    assert len(told([decision("insufficient-information")], signatures)) == refused


@pytest.mark.parametrize(
    ("exclusion", "refused"),
    [
        (excluded("2026-03-05T11:00:00Z", valueBoolean=True), 1),
        (excluded("2026-03-05T11:00:00Z"), 1),
        (excluded("2026-03-05T11:00:00Z", valueBoolean=False), 0),
        (excluded("2026-03-05T09:00:00Z", valueBoolean=True), 0),
    ],
)
def test_an_exclusion_after_the_decision_counts_unless_the_decision_is_named(
    exclusion: Resource, refused: int
) -> None:
    last = decision("recommend-iop")
    naming = signed(entity=[{"what": {"reference": "GuidanceResponse/recommend-iop/_history/1"}}])

    assert len(told([last], [], [exclusion])) == refused
    assert told([last], [naming], [exclusion]) == []


@pytest.mark.parametrize(
    ("before", "after", "needs"),
    [
        ("planned", {}, 3),
        ("waitlist", {}, 3),
        ("onhold", {}, 0),
        (None, {}, 0),
        ("planned", {"status": "waitlist"}, 0),
        ("planned", {"status": "onhold"}, 3),
        ("planned", {"type": []}, 3),
    ],
)
def test_only_an_admission_is_asked(before: str | None, after: Resource, needs: int) -> None:
    earlier = EPISODE | {"status": before} if before else None
    change = CareChange(earlier, EPISODE | after, NOW, DOCTOR)

    assert len(LAW.needs(change)) == needs
    assert list(LAW.rule(change, ())) == []
