"""The whole way of a referral: every state by every trigger by every party, against the table."""

from __future__ import annotations

from itertools import product

import pytest

from shared.care.referral import machine
from shared.care.referral.machine import BUSINESS_STATUS, STATES, TRANSITIONS, TRIGGERS, State
from shared.care.referral.task import SYSTEMS, business_status, moved, state_of
from shared.fhir.definitions import required_codes
from tests.unit.care.referral_tasks import (
    CLINICIAN,
    OWNER,
    REFERRER,
    SENDER,
    STRANGER,
    a_task,
    reference_rows,
    refused,
)

STATUSES = sorted(
    code for _, code in required_codes("http://hl7.org/fhir/ValueSet/task-status") or ()
)
# Who acts, and as which party of the Task.
CALLERS = {
    REFERRER: "initiator",
    SENDER: "initiator",
    OWNER: "recipient",
    CLINICIAN: "recipient",
    STRANGER: None,
    "Organization/other": None,
    "Patient/p1": None,
    "Device/plan": None,
}
# The table by hand, as `from trigger to`, by party: what nobody is to change unseen.
BY_RECIPIENT = """
2.0 accept 3.0|2.0 decline 4.0|3.0 decline 4.0|3.0 schedule 5.1.1
3.0 interim-consultation-note 5.1.4|3.0 send-outcome 7.0|5.1.1 decline 4.0|5.1.1 reschedule 5.1.1
5.1.1 no-show 5.1.2|5.1.1 appointment-cancelled 5.1.3|5.1.1 interim-consultation-note 5.1.4
5.1.1 send-outcome 7.0|5.1.2 decline 4.0|5.1.2 reschedule 5.1.1|5.1.2 appointment-cancelled 5.1.3
5.1.3 schedule 5.1.1|5.2 confirm-cancellation 6.0|5.2 send-outcome 7.0|5.1.4 decline 4.0
5.1.4 schedule 5.1.1|5.1.4 appointment-cancelled 5.1.3|5.1.4 interim-consultation-note 5.1.4
5.1.4 send-outcome 7.0|3.0 schedule-generic-in-progress 5.1
3.0 interim-note-generic-in-progress 5.1|5.1 decline 4.0|5.1 schedule 5.1.1|5.1 send-outcome 7.0
"""
CANCELLED_FROM = ("2.0", "3.0", "5.1", "5.1.1", "5.1.2", "5.1.3", "5.1.4")
STATUS = {
    "2.0": "received", "3.0": "accepted", "4.0": "rejected", "6.0": "cancelled", "7.0": "completed",
}  # fmt: skip


def a_state(code: str) -> State:
    return State(STATUS.get(code, "in-progress"), code)


def by_hand() -> set[tuple[State, str, str, State]]:
    rows = [each.split() for line in BY_RECIPIENT.split("\n") for each in line.split("|") if each]
    told = {(a_state(a), trigger, "recipient", a_state(b)) for a, trigger, b in rows}
    told |= {
        (a_state(each), "request-cancellation", "initiator", a_state("5.2"))
        for each in CANCELLED_FROM
    }
    sent = (State("draft", None), "send-referral-package", "initiator", a_state("2.0"))
    return told | {sent}


TABLE = by_hand()


def test_the_table_is_the_one_written_by_hand() -> None:
    rows = {(each.before, each.trigger, each.actor, each.after) for each in TRANSITIONS}

    assert len(TRANSITIONS) == len(rows) == len({each.tid for each in TRANSITIONS}) == 36
    assert rows == TABLE
    assert len(STATES) == 12


def test_the_table_is_that_of_the_reference() -> None:
    rows = reference_rows()
    if rows is None:
        pytest.skip("the reference's table, ../shared/reference, is absent")

    assert rows == TABLE


def test_every_trigger_in_every_state_does_what_the_table_says() -> None:
    done = set()
    for state, trigger in product(sorted(STATES, key=str), TRIGGERS):
        step = machine.by_trigger(state, trigger)
        if step is not None:
            done.add((step.before, step.trigger, step.actor, step.after))
            assert step.before == state

    assert done == TABLE


def test_every_update_by_every_party_is_allowed_as_the_table_says() -> None:
    allowed = set()
    for before, after, caller in product(STATES, STATES, CALLERS):
        if before == after:
            continue
        issues = refused(a_task(before), a_task(after), caller)
        if issues:
            assert [code for code, _ in issues] == ["conflict"]
            assert f"From {before} there is" in issues[0][1]
        else:
            allowed.add((before, after, caller))

    moves = {(a, b, party) for a, _, party, b in TABLE if a != b}
    assert allowed == {
        (a, b, caller)
        for a, b, party in moves
        for caller, acts_as in CALLERS.items()
        if acts_as == party
    }


def test_a_status_fits_one_business_status_as_the_table_says() -> None:
    codes = [None, *BUSINESS_STATUS, "5.4"]
    fitting = set()
    for status, code in product(STATUSES, codes):
        state = State(status, code)
        before = a_task(State("received", "2.0"))
        if not any(code == "business-rule" for code, _ in refused(before, a_task(state))):
            fitting.add(state)

    assert fitting == STATES


@pytest.mark.parametrize("code", ["accepted", "rejected", "in-progress", "completed"])
def test_what_must_fit_is_named(code: str) -> None:
    [(_, told), *_] = refused(a_task(State("received", "2.0")), a_task(State(code, "2.0")))

    assert "received 2.0 (Service Request Created)" in told
    assert f"{code} " in told


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_codes_of_the_guide_count_like_ours(system: str) -> None:
    finished = {"coding": [{"system": system, "code": "7.0"}]}

    assert state_of(a_task(State("requested", None), businessStatus=finished)).business == "7.0"
    issues = refused(None, a_task(State("requested", None), businessStatus=finished, code={}), None)
    assert [code for code, _ in issues] == ["business-rule"]
    assert refused(None, a_task(State("completed", None), businessStatus=finished, code={})) == []


def test_several_business_statuses_contradict_each_other() -> None:
    both = {
        "coding": [{"system": SYSTEMS[0], "code": "2.0"}, {"system": SYSTEMS[1], "code": "3.0"}]
    }
    issues = refused(None, a_task(State("received", None), businessStatus=both, code={}))

    assert [code for code, _ in issues] == ["business-rule"]


@pytest.mark.parametrize("step", TRANSITIONS, ids=lambda each: each.tid)
def test_a_step_leaves_a_task_where_the_table_says(step: machine.Transition) -> None:
    overdue = {"system": "https://stepdown.example/fhir/CodeSystem/clock", "code": "overdue"}
    task = a_task(step.before)
    if step.before.business:
        task["businessStatus"] = business_status(step.before.business, SYSTEMS)
        task["businessStatus"]["coding"].append(overdue)

    after = moved(task, step, "2026-06-01T00:00:00Z")

    assert state_of(after) == step.after
    systems = [each["system"] for each in after["businessStatus"]["coding"]]
    assert systems == list(SYSTEMS if step.before.business else SYSTEMS[:1])


def test_what_contradicted_itself_before_is_put_right_by_a_party() -> None:
    before, after = a_task(State("requested", "2.0")), a_task(State("received", "2.0"))

    assert refused(before, after, CLINICIAN) == refused(before, after, SENDER) == []
    assert [code for code, _ in refused(before, after, STRANGER)] == ["conflict"]
    assert [code for code, _ in refused(before, before | {"note": []})] == ["business-rule"]
