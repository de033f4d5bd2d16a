"""A clinician who declines somebody has the referrer told why, and where to instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.candidate import CLINICIAN, Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

DECLINED = {"reason": "No interpreter for this language."}
TOLD = f"The programme has declined: {DECLINED['reason']} (instead: The day clinic.)"


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.fhir, timeout=180, trust_env=False) as each:
        yield each


def test_the_referrer_is_told_of_it_once(http: httpx.Client) -> None:
    person = Candidate(http)
    clinic = person.put({"resourceType": "Organization", "id": f"o-{person.id}"[:60], "name": "A"})
    there = {"reference": f"Organization/{clinic['id']}"}
    person.put(person.read(person.referral) | {"requester": there})
    assert person.decline(
        **DECLINED, alternative="The day clinic.", alternativeReference={"valueReference": there}
    ).is_success
    person.put(person.read(person.episode) | {"period": {"end": "2026-03-02"}})
    person.pass_time()

    [told] = person.found("Communication")
    assert (told["status"], told["recipient"]) == ("completed", [there])
    assert told["payload"] == [
        {"contentString": TOLD},
        {"contentReference": there},
    ]
    assert told["reasonCode"] == [{"text": DECLINED["reason"]}]
    assert told["sender"] == {"reference": CLINICIAN}
    assert {each["reference"].partition("/")[0] for each in told["about"]} == {
        "ServiceRequest",
        "Task",
    }
    [said] = person.told_of(told)
    assert said["agent"][0]["who"]["identifier"]["value"] == "decline-is-told|1.0"


def test_where_nobody_referred_or_nobody_declined_nobody_is_told(http: httpx.Client) -> None:
    person = Candidate(http)
    assert person.decline(**DECLINED).is_success
    other = Candidate(person.http)
    other.put(other.episode | {"status": "cancelled"})
    other.pass_time()

    assert person.found("Communication") == other.found("Communication") == []
