"""The plan of the aftercare: what it says, and how it follows its handoff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.plan_api.domain.achievement import AFTERCARE_DAYS
from services.plan_api.domain.aftercare import LAPSED, Standing, ends, followed
from services.progress_api.domain.handoff.aftercare import aftercare_plan
from services.progress_api.domain.handoff.referral import service_request
from shared.care.aftercare import episode_of, handoff_of, is_aftercare, is_refused, task_of
from shared.care.automatic import derived_id
from shared.care.canonical import CANONICAL
from shared.care.consent import SCOPE
from shared.fhir.validation import validate
from tests.unit.services.test_handoff import NOW, a_handoff, a_record, clinical

ZONE = ZoneInfo("America/New_York")
FINISHED = datetime(2026, 5, 5, 2, 30, tzinfo=UTC)
PERIOD = {"start": "2026-05-04", "end": "2026-10-31"}
LAST = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
Resource = dict[str, Any]


def a_plan(*resources: Resource, patient: Resource | None = None) -> Resource:
    handoff, record = a_handoff(), a_record(*resources)
    return aftercare_plan(handoff, record, service_request(handoff, (), ()), patient)


def asked(plan: Resource) -> list[str]:
    details = [each["detail"] for each in plan["activity"] if "detail" in each]
    return [each["instantiatesCanonical"][0].rpartition("/")[2] for each in details]


def standing(handoff: str | None, now: datetime = FINISHED, **changes: Any) -> Standing:  # noqa: ANN401
    told: dict[str, Any] = {"finished": FINISHED, "is_refused": False, "has_begun": False}
    return Standing(handoff, **(told | changes), now=now, zone=ZONE)


def test_it_says_which_measures_go_on_how_often_and_for_how_long() -> None:
    plan = a_plan()

    assert validate(plan) == []
    assert asked(plan) == ["phq-9", "gad-7"]
    details = [each["detail"] for each in plan["activity"] if "detail" in each]
    for detail in details:
        repeat = detail["scheduledTiming"]["repeat"]
        assert (repeat["period"], repeat["periodUnit"]) == (30, "d")
        assert repeat["boundsDuration"]["value"] == AFTERCARE_DAYS
        assert detail["description"] in str(plan["text"]) or detail["code"]["text"]


def test_whom_a_measure_is_for_decides_whether_it_goes_on() -> None:
    child = {"resourceType": "Patient", "id": "p1", "birthDate": "2012-01-01"}
    trauma = clinical("Condition", "c1", "active")
    trauma |= {"code": {"coding": [{"system": "http://snomed.info/sct", "code": "47505003"}]}}

    assert asked(a_plan(patient=child)) == ["gad-7", "phq-a"]
    assert asked(a_plan(trauma)) == ["phq-9", "gad-7", "pcl-5"]


def test_it_leads_to_what_goes_along_and_replaces_the_programme_s_plan() -> None:
    ours: Resource = {"meta": {"profile": [f"{CANONICAL}/StructureDefinition/stepdown-careplan"]}}
    base: Resource = {"resourceType": "CarePlan", "status": "active", "intent": "plan"}
    coding = {"system": f"{CANONICAL}/CodeSystem/plan-category", "code": "safety-plan"}
    safety: Resource = base | {
        "id": "s",
        "title": "Safety plan",
        "category": [{"coding": [coding]}],
    }
    visit: Resource = {"resourceType": "Appointment", "id": "a", "status": "booked"}
    visit |= {"start": (NOW + timedelta(days=3)).isoformat()}
    visit |= {"participant": [{"actor": {"reference": "Patient/p1"}, "status": "accepted"}]}
    goal = {"resourceType": "Goal", "id": "g", "lifecycleStatus": "active"}
    plan = a_plan(base | ours | {"id": "programme"}, safety, visit, goal)

    assert plan["replaces"] == [{"reference": "CarePlan/programme"}]
    assert plan["goal"] == [{"reference": "Goal/g"}]
    assert {"reference": "CarePlan/s"} in plan["supportingInfo"]
    assert {"reference": {"reference": "Appointment/a"}} in plan["activity"]
    assert "Safety plan" in plan["text"]["div"]


def test_it_is_known_by_its_handoff() -> None:
    plan = a_plan()

    assert is_aftercare(plan)
    assert episode_of(plan) == "e1"
    assert task_of(plan) == derived_id(str(handoff_of(plan)), "task")
    assert not is_aftercare(plan | {"id": "another"})
    assert not is_aftercare(plan | {"category": []})


DRAFT: Resource = {"resourceType": "CarePlan", "status": "draft"}


@pytest.mark.parametrize("handoff", ["requested", "received", "accepted", "completed"])
def test_it_is_in_force_from_the_end_of_the_programme_for_its_days(handoff: str) -> None:
    waits = followed(DRAFT, standing(handoff, finished=None))
    active = followed(waits, standing(handoff))

    assert waits == DRAFT
    assert active == DRAFT | {"status": "active", "period": PERIOD}
    assert ends(active, ZONE) == LAST
    begun = standing(handoff, LAST - timedelta(seconds=1), has_begun=True)
    assert followed(active, begun) == active
    assert followed(active, standing(handoff, LAST, has_begun=True))["status"] == "completed"


def test_what_never_was_in_force_is_not_put_on_hold() -> None:
    dated = DRAFT | {"period": PERIOD}
    revoked = dated | {"status": "revoked"}

    for plan in (DRAFT, dated, revoked):
        assert followed(plan, standing("accepted", finished=None)) == plan | {"status": "draft"}
    held = followed(dated, standing("accepted", finished=None, has_begun=True))
    assert held["status"] == "on-hold"


def test_what_was_revoked_as_a_draft_has_its_days_when_it_comes_into_force() -> None:
    revoked = followed(DRAFT, standing("accepted", is_refused=True))

    assert revoked == DRAFT | {"status": "revoked"}
    assert followed(revoked, standing("accepted")) == DRAFT | {
        "status": "active",
        "period": PERIOD,
    }


@pytest.mark.parametrize("handoff", [None, *sorted(LAPSED)])
def test_a_handoff_that_came_to_nothing_ends_it(handoff: str | None) -> None:
    assert followed(DRAFT, standing(handoff))["status"] == "revoked"


def test_wherever_it_stands_it_comes_to_the_same() -> None:
    handoffs: list[str | None] = [None, "accepted", "completed", "rejected"]
    either = (True, False)
    for handoff, finished, refused, begun_then in product(
        handoffs, (None, FINISHED), either, either
    ):
        told = standing(handoff, finished=finished, is_refused=refused, has_begun=begun_then)
        for status in ("draft", "active", "on-hold", "completed", "revoked"):
            begun: Resource = {"status": status, "period": PERIOD}
            once = followed(begun, told)
            assert followed(once, told) == once
            assert once == followed(begun | {"status": "on-hold"}, told)


def a_consent(status: str, kind: str = "permit", scope: str = "treatment") -> Resource:
    coding = {"system": SCOPE, "code": scope}
    return {"status": status, "scope": {"coding": [coding]}, "provision": {"type": kind}}


def over(consent: Resource) -> Resource:
    period = {"start": "2020-01-01", "end": "2020-12-31"}
    return consent | {"provision": consent["provision"] | {"period": period}}


@pytest.mark.parametrize(
    ("consents", "expected"),
    [
        ([], False),
        ([a_consent("active")], False),
        ([a_consent("draft")], False),
        ([over(a_consent("active"))], False),
        ([over(a_consent("active", "deny"))], True),
        ([a_consent("inactive")], True),
        ([a_consent("active", "deny")], True),
        ([a_consent("inactive"), a_consent("active")], False),
        ([a_consent("inactive", scope="patient-privacy")], False),
    ],
)
def test_who_takes_back_their_consent_is_asked_no_more(
    consents: list[Resource],
    expected: bool,  # noqa: FBT001
) -> None:
    assert is_refused(consents) is expected
