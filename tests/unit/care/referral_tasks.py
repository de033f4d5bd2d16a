"""Tasks of referrals and who acts on them, for tests of the machine and of the laws."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.care import referral
from shared.care.law import CareChange
from shared.care.referral.machine import State
from shared.care.referral.task import OWN

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BASES = ("http://127.0.0.1:8000/fhir",)
REFERRER, OWNER = "Organization/referrer", "Organization/clinic"
SENDER, CLINICIAN, STRANGER = "Practitioner/sender", "Practitioner/there", "Practitioner/elsewhere"
TABLE = Path(__file__).parents[4] / "shared" / "reference" / "referral-transitions.json"
REASONED = {"rejected", "cancelled", "on-hold", "failed"}
Rows = set[tuple[State, str, str, State]]


def a_role(practitioner: str, organization: str, **changes: object) -> dict[str, Any]:
    return {
        "resourceType": "PractitionerRole",
        "id": f"role-{practitioner.partition('/')[2]}",
        "practitioner": {"reference": practitioner},
        "organization": {"reference": organization},
        **changes,
    }


ROLES = {
    SENDER: [a_role(SENDER, REFERRER)],
    CLINICIAN: [a_role(CLINICIAN, OWNER)],
    STRANGER: [a_role(STRANGER, "Organization/other")],
}


def business(code: str | None, system: str = OWN) -> dict[str, Any]:
    coding = [{"system": system, "code": code}]
    return {} if code is None else {"businessStatus": {"coding": coding}}


def a_task(state: State, **changes: object) -> dict[str, Any]:
    task = {
        "resourceType": "Task",
        "id": "t",
        "status": state.status,
        "intent": "order",
        "code": {"coding": [referral.HANDOFF]},
        "for": {"reference": "Patient/p1"},
        "focus": {"reference": "ServiceRequest/s1"},
        "requester": {"reference": REFERRER},
        "owner": {"reference": f"{BASES[0]}/{OWNER}"},
        **business(state.business),
    }
    if state.status in REASONED:
        task["statusReason"] = {"text": "There is no room."}
    return task | changes


def refused(
    before: dict[str, Any] | None, after: dict[str, Any], caller: str | None = CLINICIAN
) -> list[tuple[str, str]]:
    """The code and words of every issue that the laws have with a write."""
    change = CareChange(before, after, NOW, caller, BASES)
    roles = ROLES.get(caller or "", [])
    issues = []
    for law in referral.LAWS:
        found = tuple(
            roles if need.type == "PractitionerRole" else [] for need in law.needs(change)
        )
        issues += [(issue.code, issue.diagnostics) for issue in law.rule(change, found)]
    return issues


def reference_rows() -> Rows | None:
    """The rows of the reference's table, where it is at hand: from, trigger, actor, to."""
    if not TABLE.is_file():
        return None
    return {
        (
            State(each["fromStatus"], each["fromBusiness"].replace("-", "") or None),
            re.sub(r"[^a-z]+", "-", each["trigger"]).strip("-"),
            each["actor"],
            State(each["toStatus"], each["toBusiness"]),
        )
        for each in json.loads(TABLE.read_text())["transitions"]
    }
