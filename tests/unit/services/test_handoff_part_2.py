"""Under a Part 2 programme all that is a person's is labelled, and nothing under another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.progress_api.domain.handoff.disclosure import is_protected
from services.progress_api.domain.handoff.part_2 import labelled
from shared.care.canonical import profile
from shared.fhir.search.reading import Reading

BASE = "http://127.0.0.1:8000/fhir"
READING = Reading(UTC, (BASE,), datetime(2026, 5, 4, 12, tzinfo=UTC))
Resource = dict[str, Any]

EPISODE: Resource = {"resourceType": "EpisodeOfCare", "id": "e", "status": "active"}
EPISODE |= {"patient": {"reference": "Patient/p"}}
CONDITION: Resource = {"resourceType": "Condition", "id": "c", "meta": {"versionId": "2"}}
CONDITION |= {"subject": {"reference": "Patient/p"}}
PATIENT: Resource = {"resourceType": "Patient", "id": "p"}
ADDICTION: Resource = {"resourceType": "Organization", "id": "addiction"}
ADDICTION |= {"extension": [{"url": profile("part-2-programme"), "valueBoolean": True}]}
GENERAL: Resource = {"resourceType": "Organization", "id": "general"}
GENERAL |= {"extension": [{"url": profile("part-2-programme"), "valueBoolean": False}]}
WHOLE = [EPISODE, CONDITION, PATIENT, ADDICTION, GENERAL]


@pytest.mark.parametrize("manager", ["Organization/addiction", f"{BASE}/Organization/addiction"])
def test_of_a_part_2_programme_all_that_is_a_persons_is_protected(manager: str) -> None:
    episode = EPISODE | {"managingOrganization": {"reference": manager}}
    told = labelled(WHOLE, episode, READING)

    assert [is_protected(each) for each in told] == [True, True, True, False, False]
    assert told[1]["meta"]["versionId"] == "2"
    assert labelled(told, episode, READING) == told


@pytest.mark.parametrize(
    "manager",
    [None, "Organization/general", "https://elsewhere.example/fhir/Organization/addiction"],
)
def test_of_another_programme_nothing_is_labelled(manager: str | None) -> None:
    managed = {"managingOrganization": {"reference": manager}} if manager else {}

    assert labelled(WHOLE, EPISODE | managed, READING) == WHOLE
