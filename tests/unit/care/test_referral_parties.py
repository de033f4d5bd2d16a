"""As which party of a referral somebody acts: by name, by a role there, or where none is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from shared.care.referral.machine import State
from shared.care.referral.parties import Caller, parties_of
from tests.unit.care.referral_tasks import (
    BASES,
    CLINICIAN,
    NOW,
    OWNER,
    REFERRER,
    SENDER,
    STRANGER,
    a_role,
    a_task,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TASK = a_task(State("received", "2.0"))
INITIATOR, RECIPIENT = frozenset({"initiator"}), frozenset({"recipient"})
NOBODY: frozenset[str] = frozenset()


def acting(
    reference: str | None, *roles: dict[str, Any], task: dict[str, Any] | None = None
) -> frozenset[str]:
    known: Sequence[dict[str, Any]] = roles
    return frozenset(parties_of(task or TASK, Caller(reference, known, NOW, BASES)))


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (REFERRER, INITIATOR),
        (OWNER, RECIPIENT),
        ("Organization/other", NOBODY),
        ("Patient/p1", NOBODY),
        ("Device/intake", NOBODY),
        (None, NOBODY),
        (CLINICIAN, RECIPIENT),
    ],
)
def test_a_party_acts_for_itself_and_a_practitioner_without_roles_for_the_owner(
    caller: str | None, expected: frozenset[str]
) -> None:
    assert acting(caller) == expected


def test_a_role_says_for_whom_a_practitioner_acts() -> None:
    assert acting(SENDER, a_role(SENDER, REFERRER)) == INITIATOR
    assert acting(CLINICIAN, a_role(CLINICIAN, OWNER)) == RECIPIENT
    assert acting(CLINICIAN, a_role(CLINICIAN, f"{BASES[0]}/{OWNER}")) == RECIPIENT
    assert acting(STRANGER, a_role(STRANGER, "Organization/other")) == NOBODY
    both = (a_role(SENDER, REFERRER), a_role(SENDER, OWNER))
    assert acting(SENDER, *both) == INITIATOR | RECIPIENT


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"period": {"end": "2026-05-30"}},
        {"period": {"start": "2026-06-02"}},
    ],
)
def test_a_role_that_does_not_hold_now_is_none_but_is_known(changes: dict[str, Any]) -> None:
    assert acting(CLINICIAN, a_role(CLINICIAN, OWNER, **changes)) == NOBODY
    holds = {"active": True, "period": {"start": "2026-06-01", "end": "2026-06-01"}}
    assert datetime(2026, 6, 1, tzinfo=UTC) == NOW
    assert acting(CLINICIAN, a_role(CLINICIAN, OWNER, **holds)) == RECIPIENT


def test_whoever_asked_does_not_answer_for_the_owner() -> None:
    own = TASK | {"requester": {"reference": SENDER}}

    assert acting(SENDER, task=own) == INITIATOR
    assert acting(CLINICIAN, task=own) == RECIPIENT


def test_a_task_of_a_person_is_theirs_alone() -> None:
    for owner in (CLINICIAN, "Patient/p1"):
        theirs = TASK | {"owner": {"reference": owner}}
        assert acting(owner, task=theirs) == RECIPIENT
        assert acting("Practitioner/another", task=theirs) == NOBODY


def test_a_task_of_nobody_is_for_any_practitioner() -> None:
    open_to_all = {name: value for name, value in TASK.items() if name != "owner"}

    assert acting(STRANGER, a_role(STRANGER, "Organization/other"), task=open_to_all) == RECIPIENT
    assert acting("Organization/other", task=open_to_all) == NOBODY


def test_a_role_itself_may_be_asked() -> None:
    role = a_role(CLINICIAN, "Organization/other")
    asked = TASK | {"owner": {"reference": f"PractitionerRole/{role['id']}"}}

    assert acting(CLINICIAN, role, task=asked) == RECIPIENT
    assert acting(STRANGER, a_role(STRANGER, "Organization/other"), task=asked) == NOBODY
