"""Two Patients of one person: a merge alone, or its undoing, makes their plans followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.merging import merged, parted, settled, sources, versioned
from tests.journey.planning import Planned, until
from tests.journey.test_corrections import answered
from tests.journey.test_goals_measured import goal
from tests.journey.test_proposal_grounds import proposal, review

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


def statuses(person: Planned, resource_type: str) -> set[str]:
    return {each["status"] for each in person.all(resource_type)}


def cohorts(person: Planned) -> int:
    found = person.http.get("Group", params={"member": f"Patient/{person.id}"})
    return len(found.json().get("entry", ()))


def test_a_plan_is_followed_when_its_person_turns_out_to_be_in_the_programme(
    http: httpx.Client,
) -> None:
    survivor, old = Planned(http), Planned(http, "planned")
    # In the care of somebody, and waiting for the programme.
    other = {"resourceType": "EpisodeOfCare", "id": f"other-{old.id}", "status": "active"}
    old.put(other | {"patient": old.reference})
    old.activate(old.apply(practitioner=old.clinician))
    settled(old)
    assert statuses(old, "ServiceRequest") == {"draft"}
    assert old.all("Appointment") == []
    assert cohorts(old) == 0

    link = merged(old, survivor)
    settled(old)
    assert statuses(old, "ServiceRequest") == {"active"}
    assert statuses(old, "Appointment") == {"booked"}
    assert cohorts(old) == 1
    assert versioned(link) in sources(old, old.all("ServiceRequest")[0])


def test_what_is_told_of_one_is_proposed_for_the_plan_of_the_other_until_they_are_parted(
    http: httpx.Client,
) -> None:
    survivor, old = Planned(http), Planned(http)
    answered(survivor, 12, 1)
    answered(survivor, 20, 9)
    old.activate(old.apply(practitioner=old.clinician))
    settled(old)
    assert old.all("CarePlan", intent="proposal") == []

    merged(old, survivor)
    settled(old)
    first = proposal(old)
    assert (first["status"], review(old)["status"]) == ("draft", "requested")

    undone = parted(old)
    settled(old)
    assert (proposal(old)["status"], review(old)["status"]) == ("revoked", "cancelled")
    assert versioned(undone) in sources(old, proposal(old))

    merged(old, survivor)
    settled(old)
    again = {name: value for name, value in proposal(old).items() if name != "meta"}
    assert again == {name: value for name, value in first.items() if name != "meta"}
    assert review(old)["status"] == "requested"


def test_goals_follow_the_scores_of_both_from_the_merge_on(http: httpx.Client) -> None:
    survivor, old = Planned(http), Planned(http)
    wanted = goal(old)
    answered(survivor, 3, 1)
    settled(old)
    assert "achievementStatus" not in old.read(wanted)

    merged(old, survivor)
    settled(old)
    assert old.read(wanted)["achievementStatus"]["text"] == "achieved"

    parted(old)
    settled(old)
    assert "achievementStatus" not in old.read(wanted)
