"""Whether somebody who waits is admitted, and what becomes of their referral."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake_api.domain.admission import (
    Refusal,
    accepted,
    admitted,
    declined,
    refuse_unless_admissible,
    refuse_unless_waiting,
    rejected,
)
from shared.care.episode import PROGRAMME
from shared.fhir.errors import Conflict
from tests.unit.services.level_of_care import HIGH, MODERATE, assessed, everything_judged, risk

AT = "2026-03-10T12:00:00.000Z"
EPISODE = {
    "resourceType": "EpisodeOfCare",
    "status": "planned",
    "type": [{"coding": [PROGRAMME]}],
    "patient": {"reference": "Patient/p1"},
}
NEEDS = (
    *("MH", "SUD", "STEPDOWN", "STEPUP", "PREVENT_HIGHER", "DETERIORATION"),
    *("RELAPSE_SKILL", "COPING", "PSYCHOSOCIAL"),
)
REFUSAL = Refusal("No place.", alternative="The day clinic.")
TASKS = ("draft", "requested", "received", "ready", "accepted", "in-progress", "on-hold")
ENDED_TASKS = ("rejected", "cancelled", "failed", "completed", "entered-in-error")
REQUESTS = ("draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown")


def status_of(changed: dict[str, Any] | None) -> str | None:
    return None if changed is None else changed["status"]


@pytest.mark.parametrize("status", ["planned", "waitlist"])
def test_who_waits_is_decided_on(status: str) -> None:
    refuse_unless_waiting(EPISODE | {"status": status})


@pytest.mark.parametrize("status", ["active", "onhold", "finished", "cancelled"])
def test_who_does_not_wait_is_not(status: str) -> None:
    with pytest.raises(Conflict, match=f"is {status}; it must be planned or waitlist"):
        refuse_unless_waiting(EPISODE | {"status": status})


def test_other_programmes_are_not_ours_to_decide() -> None:
    with pytest.raises(Conflict, match="programme"):
        refuse_unless_waiting(EPISODE | {"type": [{"text": "Housing"}]})


@pytest.mark.parametrize("changes", [{}, {"CAP_GROUP": False}])
def test_who_is_recommended_needs_no_reason(changes: dict[str, bool]) -> None:
    refuse_unless_admissible(assessed(*everything_judged(**changes)), None)


def test_a_reason_outweighs_what_is_not_known() -> None:
    unclear = assessed(*everything_judged(EXC_DETOX=None, CAP_GROUP=None))

    with pytest.raises(Conflict, match="missing are EXC-DETOX, CAP-GROUP"):
        refuse_unless_admissible(unclear, None)
    refuse_unless_admissible(unclear, "Seen today.")


def test_a_reason_outweighs_a_lower_level() -> None:
    needs = {f"IND_{name}": False for name in NEEDS}
    lower = assessed(*everything_judged(**needs))

    with pytest.raises(Conflict, match="is lower"):
        refuse_unless_admissible(lower, None)
    refuse_unless_admissible(lower, "Seen today.")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"EXC_DETOX": True}, "EXC-DETOX is true by Observation/judged-EXC-DETOX/_history/3"),
        ({"EXC_IMMINENT": None}, "EXC-IMMINENT is unknown by Observation/"),
        ({"EXC_24H": True, "EXC_DETOX": None}, "EXC-24H is true by Observation/"),
    ],
)
def test_no_reason_outweighs_danger(changes: dict[str, bool | None], told: str) -> None:
    with pytest.raises(Conflict) as refused:
        refuse_unless_admissible(assessed(*everything_judged(**changes)), "Seen today.")

    assert [each.diagnostics.startswith(told) for each in refused.value.issues] == [True]


@pytest.mark.parametrize(
    ("answer", "told"), [(HIGH, "true by Observation/risk"), (MODERATE, "unknown by Observation")]
)
def test_a_screened_risk_blocks(answer: str, told: str) -> None:
    judged = [each for each in everything_judged() if "IMMINENT" not in each.versioned]

    with pytest.raises(Conflict) as refused:
        refuse_unless_admissible(assessed(*judged, risk(answer)), "Seen today.")

    assert told in refused.value.issues[0].diagnostics


def test_nothing_known_of_safety_blocks_and_says_so() -> None:
    with pytest.raises(Conflict) as refused:
        refuse_unless_admissible(assessed(), "Seen today.")

    assert "no evidence" in refused.value.issues[0].diagnostics


def test_an_admission_begins_the_programmes_responsibility() -> None:
    episode = admitted(EPISODE | {"period": {"start": "2026-03-01"}}, AT)

    assert (episode["status"], episode["period"]) == ("active", {"start": AT})
    assert episode["statusHistory"][0]["period"] == {"start": "2026-03-01", "end": AT}


def test_a_decline_ends_what_never_began() -> None:
    assert declined(EPISODE, AT)["status"] == "cancelled"


@pytest.mark.parametrize("status", [*TASKS, *ENDED_TASKS])
def test_a_referrals_task_is_answered_once(status: str) -> None:
    task = {"resourceType": "Task", "status": status}
    unanswered = status in {"requested", "received", "ready"}
    otherwise_open = status in {"draft", "accepted", "in-progress", "on-hold"}

    assert status_of(accepted(task, AT)) == ("accepted" if unanswered else None)
    ended = "rejected" if unanswered else "cancelled" if otherwise_open else None
    assert status_of(rejected(task, AT, REFUSAL)) == ended


@pytest.mark.parametrize("status", REQUESTS)
def test_a_referral_is_taken_up_or_revoked(status: str) -> None:
    request = {"resourceType": "ServiceRequest", "status": status}

    resumed = status in {"draft", "on-hold"}
    assert status_of(accepted(request, AT)) == ("active" if resumed else None)
    stands = resumed or status == "active"
    assert status_of(rejected(request, AT, REFUSAL)) == ("revoked" if stands else None)


def test_a_rejection_says_why_and_where_to_instead() -> None:
    task = {"resourceType": "Task", "status": "requested", "note": [{"text": "By phone."}]}
    told = rejected(task, AT, REFUSAL) or {}

    assert told["statusReason"] == {"text": "No place."}
    assert [each["text"] for each in told["note"]] == ["By phone.", "Instead: The day clinic."]


@pytest.mark.parametrize(
    ("alternative", "text"),
    [(None, "No place."), ("The day clinic.", "No place. (instead: The day clinic.)")],
)
def test_a_refusal_is_told_as_one_text(alternative: str | None, text: str) -> None:
    assert Refusal("No place.", alternative=alternative).text == text


def test_a_rejection_without_an_alternative_adds_no_note() -> None:
    task = {"resourceType": "Task", "status": "requested"}

    assert "note" not in (rejected(task, AT, Refusal("No place.")) or {"note": []})
