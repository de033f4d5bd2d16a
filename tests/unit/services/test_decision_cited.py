"""What a decision on the level of care cites, of ours and of those that come from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake_api.domain.level_of_care.corrected import cited

HERE = "Observation/1/_history/2"


def decision(*criteria: dict[str, Any]) -> dict[str, Any]:
    told = [{"name": "criterion", **each} for each in criteria]
    return {"contained": [{"resourceType": "Parameters", "id": "trace", "parameter": told}]}


def evidence(**reference: str) -> dict[str, Any]:
    return {"part": [{"name": "evidence", "valueReference": reference}]}


def test_each_version_is_cited_once() -> None:
    twice = decision(evidence(reference=HERE), evidence(reference=HERE))
    assert cited(twice) == [HERE]


@pytest.mark.parametrize(
    "criterion",
    [
        {},
        {"part": [{"name": "evidence", "valueString": "seen"}]},
        evidence(display="A letter"),
        evidence(reference="Observation/1"),
        evidence(reference=f"https://clinic.example/fhir/{HERE}"),
    ],
)
def test_what_is_no_version_here_is_left_out(criterion: dict[str, Any]) -> None:
    assert cited(decision(criterion, evidence(reference=HERE))) == [HERE]
