"""What an operation is given is checked against what it declares."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shared.fhir.errors import Malformed
from shared.server.definition import Operation, Parameter
from shared.server.inputs import Inputs, inputs_of
from shared.server.request import FhirRequest
from tests.unit.server.definitions import nothing

DECLINE = Operation(
    "decline",
    "instance",
    ("EpisodeOfCare",),
    nothing,
    "nothing",
    affects_state=True,
    description="Decline.",
    parameters=(
        Parameter("reason", "in", "CodeableConcept", "Why.", min=1),
        Parameter("alternative", "in", "string", "Where to instead."),
        Parameter("urgent", "in", "boolean", "Whether it hurries."),
        Parameter("witness", "in", "Reference", "Who saw it.", max=None),
        Parameter("notice", "in", "Bundle", "What it answers."),
        Parameter("result", "out", "string", "What came of it."),
    ),
)
WHY = {"name": "reason", "valueCodeableConcept": {"text": "full"}}
READ = Operation(
    "hours",
    "instance",
    ("CarePlan",),
    nothing,
    "reading",
    affects_state=False,
    description="Tell.",
    parameters=(
        Parameter("policy", "in", "canonical", "Which policy."),
        Parameter("strict", "in", "boolean", "Whether to be strict."),
        Parameter("on", "in", "date", "Which day."),
        Parameter("about", "in", "Reference", "What about."),
    ),
)


def given(*parameters: dict[str, Any]) -> Inputs:
    body: dict[str, Any] = {"resourceType": "Parameters"}
    if parameters:
        body["parameter"] = list(parameters)
    return inputs_of(DECLINE, FhirRequest("POST", "operation", resource=body))


def asked(*query: tuple[str, str]) -> Inputs:
    return inputs_of(READ, FhirRequest("GET", "operation", query=query))


def test_values_are_given_by_name() -> None:
    witnesses = [{"name": "witness", "valueReference": {"display": name}} for name in "ab"]
    inputs = given(WHY, {"name": "urgent", "valueBoolean": False}, *witnesses)
    assert inputs.one("reason") == {"text": "full"}
    assert inputs.one("urgent") is False
    assert [each["display"] for each in inputs.many("witness")] == ["a", "b"]
    assert inputs.one("alternative") is None


def test_a_single_resource_may_be_the_body() -> None:
    body = {"resourceType": "Bundle", "type": "collection"}
    free = Operation(
        "process-message",
        "system",
        (),
        nothing,
        "nothing",
        affects_state=True,
        description="",
        parameters=(Parameter("content", "in", "Bundle", "The message.", min=1),),
    )
    assert inputs_of(free, FhirRequest("POST", "operation", resource=body)).one("content") == body
    told = {"resourceType": "Parameters", "parameter": [{"name": "content", "resource": body}]}
    assert inputs_of(free, FhirRequest("POST", "operation", resource=told)).one("content") == body


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ([], "needs the parameter reason"),
        ([WHY, WHY], "at most 1 times"),
        ([WHY, {"name": "cause", "valueString": "x"}], "it takes Parameters with reason"),
        ([WHY, {"name": "result", "valueString": "x"}], "no such parameter"),
        ([{"name": "reason", "valueBoolean": True}], "must be given as valueCodeableConcept"),
        ([WHY, {"name": "alternative", "valueInteger": 1}], "must be given as valueString"),
        ([WHY, {"name": "notice", "resource": {"resourceType": "Basic"}}], ""),
        ([WHY, {"valueString": "x"}], ""),
    ],
)
def test_what_is_not_taken_is_refused(parameters: list[Any], said: str) -> None:
    with pytest.raises(Malformed) as refused:
        given(*parameters)
    assert said in refused.value.issues[0].diagnostics
    assert (refused.value.issues[0].expression or "").startswith("Parameters")


def test_another_body_is_refused() -> None:
    for body in ({"resourceType": "Patient"}, {"resourceType": "Parameters", "parameter": 3}, {}):
        with pytest.raises(Malformed):
            inputs_of(DECLINE, FhirRequest("POST", "operation", resource=body))


def test_what_changes_nothing_may_be_asked_in_the_query() -> None:
    inputs = asked(("policy", "https://a.example/b"), ("strict", "true"), ("_pretty", "true"))
    assert inputs.one("policy") == "https://a.example/b"
    assert inputs.one("strict") is True
    assert asked(("on", "2026-03-01")).one("on") == "2026-03-01"


@pytest.mark.parametrize(
    "query", [("strict", "yes"), ("on", "yesterday"), ("about", "Patient/1"), ("other", "1")]
)
def test_a_query_that_is_not_taken_is_refused(query: tuple[str, str]) -> None:
    with pytest.raises(Malformed):
        asked(query)


PLAN = Operation(
    "apply",
    "type",
    ("PlanDefinition",),
    nothing,
    "nothing",
    affects_state=True,
    description="Plan.",
    parameters=(
        Parameter(
            "trigger",
            "in",
            "",
            "What leads to it.",
            max=None,
            parts=(
                Parameter("action", "in", "string", "What is done.", min=1, max=2),
                Parameter("owner", "in", "Reference", "Who does it.", min=1),
            ),
        ),
    ),
)
WALK = {"name": "action", "valueString": "I walk."}
MIA = {"name": "owner", "valueReference": {"display": "Mia"}}


def told(*parts: dict[str, Any]) -> Inputs:
    trigger = {"name": "trigger", "part": list(parts)}
    body = {"resourceType": "Parameters", "parameter": [trigger]}
    return inputs_of(PLAN, FhirRequest("POST", "operation", resource=body))


def test_the_parts_of_a_parameter_are_read_by_their_names() -> None:
    assert told(WALK, MIA, WALK).many("trigger") == [
        {"action": ["I walk.", "I walk."], "owner": [{"display": "Mia"}]}
    ]


@pytest.mark.parametrize(
    ("parts", "said", "where"),
    [
        ((WALK,), "needs the parameter owner (Reference)", "Parameters.parameter[0].part"),
        ((MIA,), "needs the parameter action (string)", "Parameters.parameter[0].part"),
        ((WALK, WALK, WALK, MIA), "takes action at most 2 times", "Parameters.parameter[0].part"),
        ((WALK, MIA | {"name": "who"}), "no such", "Parameters.parameter[0].part[1]"),
        ((WALK, MIA | {"name": "action"}), "must be given", "Parameters.parameter[0].part[1]"),
    ],
)
def test_the_parts_of_a_parameter_are_checked(
    parts: tuple[dict[str, Any], ...], said: str, where: str
) -> None:
    with pytest.raises(Malformed, match=re.escape(said)) as refused:
        told(*parts)

    assert refused.value.issues[0].expression == where


def test_a_parameter_with_parts_is_given_in_the_body() -> None:
    with pytest.raises(Malformed, match="a parameter with action, owner"):
        inputs_of(PLAN, FhirRequest("POST", "operation", query=(("trigger", "x"),)))
