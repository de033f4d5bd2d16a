"""The plain way of a handoff: all steps by all parties, against the table written out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from shared.care import referral
from shared.care.death import DIED
from shared.care.law import NOTHING_FOUND, CareChange
from shared.care.laws import broken_laws, needing_laws
from shared.care.referral import plain
from shared.fhir.definitions import required_codes

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BASES = ("http://127.0.0.1:8000/fhir",)
STATUSES = sorted(
    code for _, code in required_codes("http://hl7.org/fhir/ValueSet/task-status") or ()
)
REQUESTER, OWNER, CLINICIAN = "Practitioner/here", "Organization/clinic", "Practitioner/there"
STRANGERS = ("Organization/other", "Patient/p1", "Device/plan")
REASONED = {"rejected", "cancelled", "on-hold", "failed"}

# Each arrow as the guide draws it: from, to, and who goes it.
ARROWS = {
    ("draft", "requested"): "requester",
    ("requested", "accepted"): "owner",
    ("requested", "rejected"): "owner",
    ("requested", "cancelled"): "either",
    ("accepted", "in-progress"): "owner",
    ("accepted", "on-hold"): "owner",
    ("accepted", "completed"): "owner",
    ("accepted", "failed"): "owner",
    ("accepted", "cancelled"): "either",
    ("in-progress", "completed"): "owner",
    ("in-progress", "failed"): "owner",
    ("in-progress", "on-hold"): "owner",
    ("in-progress", "cancelled"): "either",
    ("on-hold", "in-progress"): "owner",
    ("on-hold", "cancelled"): "either",
    ("on-hold", "completed"): "owner",
    ("on-hold", "failed"): "owner",
} | {
    (status, "entered-in-error"): "requester"
    for status in plain.OPEN | {"completed", "failed", "rejected", "cancelled"}
}
WHO = {
    "requester": {REQUESTER},
    "owner": {OWNER, CLINICIAN},
    "either": {REQUESTER, OWNER, CLINICIAN},
}


def a_task(status: str, **changes: object) -> dict[str, Any]:
    task = {
        "resourceType": "Task",
        "status": status,
        "intent": "order",
        "code": {"coding": [referral.HANDOFF]},
        "for": {"reference": "Patient/p1"},
        "focus": {"reference": "ServiceRequest/s1"},
        "requester": {"reference": REQUESTER},
        "owner": {"reference": f"{BASES[0]}/{OWNER}"},
    }
    if status in REASONED:
        task["statusReason"] = {"text": "There is no room."}
    return task | changes


def refused(
    before: dict[str, Any] | None, after: dict[str, Any], caller: str | None = CLINICIAN
) -> list[str]:
    change = CareChange(before, after, NOW, caller, BASES)
    return [str(issue.code) for law in referral.LAWS for issue in law.rule(change, NOTHING_FOUND)]


def test_every_step_by_every_party_is_allowed_as_the_table_says() -> None:
    parties = (REQUESTER, OWNER, CLINICIAN, *STRANGERS)
    allowed = set()
    for before, after, caller in product(STATUSES, STATUSES, parties):
        if before != after and not refused(a_task(before), a_task(after), caller):
            allowed.add((before, after, caller))

    assert len(STATUSES) == 12
    assert allowed == {(*arrow, party) for arrow, who in ARROWS.items() for party in WHO[who]}


@pytest.mark.parametrize("status", STATUSES)
def test_a_handoff_begins_as_a_draft_or_a_request(status: str) -> None:
    expected = [] if status in {"draft", "requested"} else ["conflict"]

    assert refused(None, a_task(status), REQUESTER) == expected
    assert refused(None, a_task(status), CLINICIAN) == expected


def an_episode(**changes: object) -> dict[str, Any]:
    patient = {"reference": "Patient/p1"}
    told = {"id": "e1", "status": "finished", "patient": patient, "meta": {"versionId": "1"}}
    return {"resourceType": "EpisodeOfCare"} | told | changes


OVER = ("completed", "failed", "rejected", "cancelled")
NAMED = {"reasonReference": {"reference": "EpisodeOfCare/e1"}}


@pytest.mark.parametrize("status", OVER)
@pytest.mark.parametrize("caller", [None, REQUESTER, *STRANGERS])
def test_a_handoff_is_told_as_over_where_its_programme_never_ran_here(
    status: str, caller: str | None
) -> None:
    change = CareChange(None, a_task(status, **NAMED), NOW, caller, BASES)

    [(law, [need])] = needing_laws("Task", change)
    assert (need.type, need.criteria) == ("EpisodeOfCare", (("_id", "e1"),))
    assert list(law.rule(change, ([an_episode()],))) == []
    running, ran = an_episode(status="active"), an_episode(meta={"versionId": "2"})
    for found in ([running], [ran], [an_episode(patient={})], []):
        assert list(law.rule(change, (found,)))


@pytest.mark.parametrize("status", sorted(set(STATUSES) - set(OVER)))
def test_an_open_handoff_begins_at_its_beginning_whatever_its_programme(status: str) -> None:
    assert needing_laws("Task", CareChange(None, a_task(status, **NAMED), NOW, None, BASES)) == []


@pytest.mark.parametrize("caller", STRANGERS)
def test_a_stranger_makes_no_handoff(caller: str) -> None:
    assert refused(None, a_task("requested"), caller) == ["conflict"]


@pytest.mark.parametrize(("before", "after"), [(None, "requested"), ("requested", "accepted")])
def test_nobody_knows_who_is_forbidden_every_step(before: str | None, after: str) -> None:
    earlier = None if before is None else a_task(before)

    assert refused(earlier, a_task(after), None) == ["forbidden"]


@pytest.mark.parametrize("status", sorted(REASONED))
@pytest.mark.parametrize("reason", [None, {}, {"coding": [{"code": "full"}]}])
def test_what_ends_or_pauses_a_handoff_needs_a_reason_in_words(
    status: str, reason: dict[str, Any] | None
) -> None:
    before = a_task("requested" if status in {"rejected", "cancelled"} else "accepted")
    after = {name: value for name, value in a_task(status).items() if name != "statusReason"}
    if reason is not None:
        after["statusReason"] = reason

    assert refused(before, after) == ["business-rule"]
    assert refused(before, a_task(status)) == []


@pytest.mark.parametrize("name", ["code", "for", "focus", "owner", "requester"])
def test_what_was_agreed_on_never_changes(name: str) -> None:
    other = {"coding": [{"code": "other"}]} if name == "code" else {"reference": "Practitioner/x"}

    assert refused(a_task("requested"), a_task("requested", **{name: other})) == ["business-rule"]
    assert refused(a_task("draft"), a_task("draft", **{name: other})) == []


def test_a_task_does_not_become_a_handoff_on_its_way() -> None:
    plain = a_task("requested", code={"text": "Call them."})

    assert refused(plain, a_task("requested")) == ["business-rule"]


def test_only_a_practitioner_who_owns_a_task_takes_its_steps() -> None:
    own = {"owner": {"reference": CLINICIAN}}
    before, after = a_task("requested", **own), a_task("accepted", **own)

    assert refused(before, after, CLINICIAN) == []
    assert refused(before, after, "Practitioner/other") == ["conflict"]


@pytest.mark.parametrize("status", ["requested", "in-progress", "completed"])
def test_a_note_is_no_step(status: str) -> None:
    noted = a_task(status, note=[{"text": "They called."}])

    for caller in (REQUESTER, OWNER, "Device/plan"):
        assert refused(a_task(status), noted, caller) == []
    for caller in ("Organization/other", "Patient/p1"):
        assert refused(a_task(status), noted, caller) == ["conflict"]


def test_the_review_of_a_referral_goes_the_plain_way_wherever_it_began() -> None:
    review = {"code": {"coding": [referral.REVIEW]}}
    requested, accepted = a_task("requested", **review), a_task("accepted", **review)

    assert refused(None, a_task("completed", **review), None) == []
    assert refused(requested, requested | {"note": [{"text": "They called."}]}, None) == []
    assert refused(requested, accepted, CLINICIAN) == []
    assert refused(requested, accepted, "Organization/other") == ["conflict"]
    assert refused(requested, accepted, None) == ["forbidden"]
    assert refused(requested, a_task("completed", **review), CLINICIAN) == ["conflict"]


@pytest.mark.parametrize("status", ["requested", "accepted"])
def test_a_review_that_a_death_ended_goes_on_by_us_alone(status: str) -> None:
    review = {"code": {"coding": [referral.REVIEW]}}
    open_one, ours = a_task(status, **review), "Device/intake"
    died = a_task("cancelled", **review, statusReason={"text": DIED})
    refused_one = a_task("cancelled", **review)

    assert refused(open_one, died, ours) == []
    assert refused(died, open_one, ours) == []
    assert refused(refused_one, open_one, ours) == ["conflict"]
    for caller in (REQUESTER, OWNER, CLINICIAN):
        assert refused(died, open_one, caller) == ["conflict"]


def test_other_tasks_go_their_own_way() -> None:
    change = CareChange(None, a_task("completed", code={"text": "Call them."}), NOW, None)

    assert broken_laws("Task", change) == []


def test_the_table_of_laws_holds_handoffs_to_theirs() -> None:
    change = CareChange(a_task("requested"), a_task("completed"), NOW, OWNER, BASES)
    asked = CareChange(a_task("requested"), a_task("completed"), NOW, CLINICIAN, BASES)

    [issue] = broken_laws("Task", change)
    assert issue.diagnostics == (
        "From requested it can only become accepted by the recipient, cancelled by the initiator "
        "or the recipient, entered-in-error by the initiator, rejected by the recipient."
    )
    assert broken_laws("Task", asked) == []
    [(_, [need])] = needing_laws("Task", asked)
    assert (need.type, need.criteria) == ("PractitionerRole", (("practitioner", CLINICIAN),))
