"""A level of care as a proof: its trace can be checked, and names each version it rests on."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake_api.domain.level_of_care import library, safety_hold
from services.intake_api.domain.level_of_care.evidence import Evidence
from services.intake_api.domain.level_of_care.guidance import guidance
from services.intake_api.domain.level_of_care.library import CRITERIA_SETS, DEFAULT, LIBRARY
from shared.fhir.reader import read
from shared.fhir.references import Links
from shared.fhir.validation import validate
from shared.fhir.writer import write
from tests.unit.services.level_of_care import (
    HIGH,
    IDS,
    LOW,
    MODERATE,
    assessed,
    by_the_book,
    everything_judged,
    risk,
    score,
)

AT = "2026-03-10T12:00:00.000Z"
TRUTHS = {"true": True, "false": False, "unknown": None}
judged_values = st.fixed_dictionaries(
    {name.replace("-", "_"): st.sampled_from((True, False, None)) for name in IDS}
)


def as_served(*pool: Evidence) -> dict[str, Any]:
    """A GuidanceResponse as a client reads it, with a JSON reader of its own."""
    served: dict[str, Any] = json.loads(write(guidance(assessed(*pool), "p1", AT)))
    return served


def recomputed(guidance: dict[str, Any]) -> str:
    """The hash as somebody computes it who has the GuidanceResponse and nothing else."""
    told = [each for each in guidance["contained"][0]["parameter"] if each["name"] != "hash"]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def parameters(guidance: dict[str, Any], name: str) -> list[Any]:
    """The values, or the parts by name, of the parameters of a name."""
    [trace] = guidance["contained"]
    return [value(each) for each in trace["parameter"] if each["name"] == name]


def value(parameter: dict[str, Any]) -> Any:  # noqa: ANN401
    if "part" in parameter:
        return {each["name"]: value(each) for each in parameter["part"]}
    [found] = [each for name, each in parameter.items() if name.startswith("value")]
    return found


@given(values=judged_values)
def test_every_guidance_is_valid_and_its_hash_can_be_recomputed(values: dict[str, Any]) -> None:
    told = as_served(*everything_judged(**values))

    assert validate(read(write(told))) == []
    assert parameters(told, "hash") == [recomputed(told)]
    assert len(parameters(told, "criterion")) == len(IDS)


@given(values=judged_values)
def test_the_trace_alone_leads_to_the_same_outcome(values: dict[str, Any]) -> None:
    told = as_served(*everything_judged(**values))
    traced = {each["code"]: TRUTHS[each["value"]] for each in parameters(told, "criterion")}

    assert traced == {name.replace("_", "-"): value for name, value in values.items()}
    assert parameters(told, "outcome") == [by_the_book(traced)]


def test_a_trace_names_the_version_of_each_piece_of_evidence() -> None:
    told = as_served(score("44261-6", 12), risk(LOW))
    criteria = {each["code"]: each for each in parameters(told, "criterion")}
    seals = {each.pop("hash") for each in criteria.values()}

    assert len(seals) == len(IDS)
    assert criteria["IND-MH"] == {
        "code": "IND-MH",
        "value": "true",
        "basis": "phq-9-positive",
        "evidence": {"reference": "Observation/score-44261-6/_history/3"},
    }
    assert criteria["EXC-IMMINENT"]["value"] == "false"
    assert criteria["CAP-GROUP"] == {
        "code": "CAP-GROUP",
        "value": "unknown",
        "basis": "no-evidence",
    }
    assert {text for text in Links(told).references() if text.startswith("Observation/")} == {
        "Observation/score-44261-6/_history/3",
        "Observation/risk/_history/3",
    }


def test_each_version_is_cited_once() -> None:
    assert assessed(score("44261-6", 12), risk(LOW)).evidence == (
        "Observation/score-44261-6/_history/3",
        "Observation/risk/_history/3",
    )
    assert assessed().evidence == ()


def test_what_is_missing_is_required_as_data() -> None:
    told = as_served(*everything_judged(CAP_GROUP=None, ENV_HOME=None))
    required = [each["codeFilter"][0]["code"][0]["code"] for each in told["dataRequirement"]]

    assert told["status"] == "data-required"
    assert parameters(told, "outcome") == ["insufficient-information"]
    assert required == parameters(told, "missing") == ["CAP-GROUP", "ENV-HOME"]


def test_a_definite_outcome_requires_nothing() -> None:
    told = as_served(*everything_judged())

    assert (told["status"], "dataRequirement" in told) == ("success", False)
    assert parameters(told, "outcome") == ["recommend-iop"]
    assert parameters(told, "rule") == ["need-and-footing"]


def test_each_condition_comes_with_what_to_do_about_it() -> None:
    told = as_served(*everything_judged(ENV_HOME=False))
    [because] = parameters(told, "because")

    assert parameters(told, "outcome") == ["recommend-iop-with-conditions"]
    assert because == {"code": "ENV-HOME", "advice": "A recovery residence or housing support"}
    assert "(ENV-HOME): no. A recovery residence" in told["text"]["div"]


def test_another_version_of_the_evidence_is_another_decision() -> None:
    first = everything_judged()
    again = [Evidence(first[0].versioned[:-1] + "4", first[0].content), *first[1:]]

    assert as_served(*first)["id"] == as_served(*first)["id"]
    assert as_served(*first)["id"] != as_served(*again)["id"]


def test_the_same_decision_about_another_person_is_another_resource() -> None:
    told = assessed(*everything_judged())

    assert guidance(told, "p1", AT)["id"] != guidance(told, "p2", AT)["id"]


@pytest.mark.parametrize("criteria_set", CRITERIA_SETS, ids=lambda each: each.canonical)
def test_the_published_set_has_the_hash_that_decisions_name(criteria_set: Any) -> None:  # noqa: ANN401
    [published] = [each for each in LIBRARY if each.get("url") == criteria_set.url]
    data = base64.b64decode(published["content"][0]["data"])

    assert f"{published['url']}|{published['version']}" == criteria_set.canonical
    assert hashlib.sha256(data).hexdigest() == criteria_set.hash
    assert json.loads(data) == criteria_set.content


def test_a_decision_names_the_set_with_version_and_hash() -> None:
    told = as_served()

    assert told["moduleCanonical"] == "https://stepdown.example/fhir/Library/iop-general|1.0"
    assert parameters(told, "criteria-set") == [told["moduleCanonical"]]
    assert parameters(told, "criteria-set-hash") == [DEFAULT.hash]


@pytest.mark.parametrize("resource", LIBRARY, ids=lambda each: each["id"])
def test_what_is_published_is_valid(resource: dict[str, Any]) -> None:
    assert validate(resource) == []


@pytest.mark.parametrize(
    "canonical", [None, DEFAULT.url, "https://stepdown.example/fhir/Library/iop-general|1.0"]
)
def test_a_set_is_found_by_its_canonical(canonical: str | None) -> None:
    assert library.find(canonical) is DEFAULT


@pytest.mark.parametrize("canonical", ["iop-general", f"{DEFAULT.url}|2.0", ""])
def test_another_canonical_finds_none(canonical: str) -> None:
    assert library.find(canonical) is None


def test_unknown_safety_is_held_by_one_task_as_long_as_its_evidence_stands() -> None:
    nothing, moderate = assessed(), assessed(risk(MODERATE))
    task = safety_hold.hold(moderate, "p1", "EpisodeOfCare/e1", AT)

    assert validate(task) == []
    assert (task["status"], task["priority"]) == ("requested", "asap")
    assert task["description"].startswith("Not known: EXC-IMMINENT.")
    assert task["id"] == safety_hold.hold_id(moderate, "EpisodeOfCare/e1")
    assert task["id"] != safety_hold.hold_id(nothing, "EpisodeOfCare/e1")
    assert task["id"] != safety_hold.hold_id(moderate, "EpisodeOfCare/e2")


def test_a_released_hold_names_the_decision_that_released_it() -> None:
    task = safety_hold.hold(assessed(), "p1", "EpisodeOfCare/e1", AT)
    released = safety_hold.released(task, "GuidanceResponse/g1", AT)

    assert validate(released) == []
    assert released["status"] == "completed"
    assert released["output"][0]["valueReference"] == {"reference": "GuidanceResponse/g1"}


@pytest.mark.parametrize(("answer", "unknown"), [(HIGH, 0), (LOW, 0), (MODERATE, 1)])
def test_only_what_is_unknown_is_held(answer: str, unknown: int) -> None:
    assert len(assessed(risk(answer)).unknown_safety) == unknown
