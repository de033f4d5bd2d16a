"""What the services derive of synthetic programmes that were loaded, against the truth of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.synthetic.episodes import episodes
from services.synthetic.marks import IDENTIFIER_SYSTEM
from shared.care.referral import HANDOFF
from tests.record import counts, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

SCORES = {"44261-6": "phq_9", "70274-6": "gad_7"}
COURSES = 6
# A dropout, and somebody who was readmitted; the plan of both was changed or ended early.
PEOPLE = (3, 5)
# What a reaction leaves, whatever else it does; loaded types are counted too.
STARTED = ("Communication", "Flag", "Provenance")
Truths = list[dict[str, Any]]


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture(scope="module")
def truths(http: httpx.Client) -> Truths:
    """Load the places and the people, twice, and give the truth about each."""
    [(places, _), *people] = episodes(COURSES, 11)
    chosen = [people[each] for each in PEOPLE]
    bundles = [places, *(bundle for bundle, _ in chosen)]
    assert {_load(http, each) for each in bundles} == {"201"}
    assert {_load(http, each) for each in bundles} == {"200"}
    return [truth for _, truth in chosen if truth is not None]


def _load(http: httpx.Client, bundle: dict[str, Any]) -> str:
    answer = http.post("", json=bundle)
    assert answer.is_success, answer.text
    [status] = {each["response"]["status"] for each in answer.json()["entry"]}
    return str(status)


def _patient(http: httpx.Client, truth: dict[str, Any]) -> str:
    found = http.get("Patient", params={"identifier": f"{IDENTIFIER_SYSTEM}|{truth['person']}"})
    [entry] = found.json()["entry"]
    return str(entry["resource"]["id"])


def _parts(parameters: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Give the parts of each parameter of a name, by their names; values as they are."""
    return [
        {part["name"]: part for part in each["part"]} | {"all": each["part"]}
        for each in parameters
        if each["name"] == name
    ]


def test_the_hours_of_each_week_are_the_true_ones(http: httpx.Client, truths: Truths) -> None:
    for truth in truths:
        of = {"patient": _patient(http, truth), "intent": "plan"}
        plans = http.get("CarePlan", params=of).json()["entry"]
        asked = {"start": truth["admitted"], "end": truth["ended"]}
        told = http.get(f"CarePlan/{plans[0]['resource']['id']}/$hours", params=asked).json()
        policies = _parts(told["parameter"], "policy")
        assert policies
        for policy in policies:
            weeks = _parts(policy["all"], "week")
            delivered = [week["deliveredMinutes"]["valueInteger"] for week in weeks]
            assert delivered == [week["minutes"] for week in truth["weeks"]]


def test_progress_until_the_end_is_classified_as_it_is(http: httpx.Client, truths: Truths) -> None:
    for truth in truths:
        path = f"Patient/{_patient(http, truth)}/$progress"
        told = http.get(path, params={"end": truth["ended"]}).json()["parameter"]
        series = [s for each in _parts(told, "instrument") for s in _parts(each["all"], "series")]
        classes = {
            SCORES[each["score"]["valueCoding"]["code"]]: each["change"]["valueCode"]
            for each in series
        }
        assert classes == truth["change"]


def test_the_programme_s_figures_tell_the_true_follow_up(
    http: httpx.Client, truths: Truths
) -> None:
    [programme] = http.get("Organization", params={"name": "Synthetic Bridge"}).json()["entry"]
    path = f"Organization/{programme['resource']['id']}/$figures"
    asked = {
        "start": min(truth["admitted"] for truth in truths),
        "end": max(truth["ended"] for truth in truths),
        "measure": "follow-up",
    }
    [entry] = http.get(path, params=asked).json()["entry"]
    clocks = [each for truth in truths for each in truth["follow_up"]]
    for group in entry["resource"]["group"]:
        code = group["code"]["coding"][0]["code"].replace("-", "_")
        told = [each["count"] for each in group["population"]]
        assert told == [len(clocks), sum(each[code] is not None for each in clocks)]


def test_the_programme_s_figures_count_the_handoffs_that_were_closed(
    http: httpx.Client, truths: Truths
) -> None:
    [programme] = http.get("Organization", params={"name": "Synthetic Bridge"}).json()["entry"]
    path = f"Organization/{programme['resource']['id']}/$figures"
    handed = [truth["handoff"] for truth in truths if truth["handoff"] is not None]
    assert 0 < len(handed) < len(truths)
    for each in handed:
        for day, number in ((each["asked"], 1), (each["closed"], 0)):
            asked = {"start": day, "end": day, "measure": "handoffs"}
            [entry] = http.get(path, params=asked).json()["entry"]
            [group] = entry["resource"]["group"]
            assert [told["count"] for told in group["population"]] == [number, number]


def test_a_handoff_that_is_told_as_closed_is_of_the_person_s_own_past_programme(
    http: httpx.Client, truths: Truths
) -> None:
    one, other = (_patient(http, each) for each in truths)
    [found] = http.get("EpisodeOfCare", params={"patient": other}).json()["entry"]
    handoff = {
        "resourceType": "Task",
        "status": "completed",
        "intent": "order",
        "code": {"coding": [HANDOFF]},
        "for": {"reference": f"Patient/{one}"},
        "reasonReference": {"reference": f"EpisodeOfCare/{found['resource']['id']}"},
    }
    practitioner = http.get("Practitioner", params={"_count": "1"}).json()["entry"][0]
    actor = f"Practitioner/{practitioner['resource']['id']}"

    assert http.post("Task", json=handoff).status_code == 403
    refused = http.post("Task", json=handoff, headers={"X-Stepdown-Actor": actor})
    assert refused.status_code == 409
    assert refused.json()["issue"][0]["diagnostics"].startswith("A handoff is not begun as")


async def test_loading_starts_nothing(database_url: str, truths: Truths) -> None:
    loaded = [bundle for bundle, truth in episodes(COURSES, 11) if truth is None or truth in truths]
    types = Counter(entry["request"]["url"] for bundle in loaded for entry in bundle["entry"])
    await settled(database_url)
    assert await counts(database_url, *types, *STARTED) == types | dict.fromkeys(STARTED, 0)
