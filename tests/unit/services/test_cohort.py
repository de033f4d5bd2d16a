"""People join and leave a cohort, each once."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.plan_api.domain.cohort import (
    CAPACITY,
    WHEN_FULL,
    Cohort,
    has_room,
    is_member,
    joined,
    left,
    waits,
)
from shared.fhir.validation import validate

PEOPLE = [f"Patient/{n}" for n in range(4)]
STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from(PEOPLE)))


def members(group: dict[str, Any]) -> list[str]:
    return [each["entity"]["reference"] for each in group.get("member", ())]


@given(STEPS)
def test_a_cohort_holds_exactly_who_joined_and_did_not_leave(steps: list[tuple[bool, str]]) -> None:
    group: dict[str, Any] | None = None
    expected: set[str] = set()
    for joins, person in steps:
        if joins:
            group = joined(group, Cohort("Organization/7"), person, "2026-03-02") or group
            expected.add(person)
        elif group is not None:
            group = left(group, [person]) or group
            expected.discard(person)
    assert sorted(members(group or {})) == sorted(expected)
    assert group is None or not validate(group)


def test_joining_or_leaving_twice_changes_nothing() -> None:
    group = joined(None, Cohort("iop"), PEOPLE[0], "2026-03-02")
    assert group is not None
    assert group["id"] == Cohort("iop").id
    assert joined(group, Cohort("iop"), PEOPLE[0], "2026-03-03") is None
    assert left(group, PEOPLE[1:]) is None


def test_who_has_two_patients_belongs_and_leaves_by_either() -> None:
    group = joined(None, Cohort("iop"), PEOPLE[0], "2026-03-02")
    group = joined(group, Cohort("iop"), PEOPLE[2], "2026-03-02")
    assert group is not None

    assert [is_member(group, PEOPLE[at : at + 2]) for at in range(3)] == [True, True, True]
    assert not is_member(group, PEOPLE[1:2])
    assert members(left(group, PEOPLE[:2]) or {}) == [PEOPLE[2]]


def test_a_cohort_is_full_at_its_capacity() -> None:
    group = joined(None, Cohort("iop", 2), "Patient/0", "2026-03-02")
    for n in range(1, CAPACITY):
        assert has_room(group)
        group = joined(group, Cohort("iop", 2), f"Patient/{n}", "2026-03-02")
    assert not has_room(group)
    assert has_room(None)
    assert has_room({"member": [{}] * 99})


def test_a_plan_says_whether_to_wait_for_a_full_cohort() -> None:
    def preferring(code: str) -> dict[str, Any]:
        return {"extension": [{"url": WHEN_FULL, "valueCode": code}]}

    assert waits(preferring("waitlist"))
    assert not waits(preferring("next-cohort"))
    assert not waits({})
