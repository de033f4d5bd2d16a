"""What a profile may say about an element: how many, of what type, with what content."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from shared.fhir.profiles import validate_claims, validate_profile
from tests.unit.profiles.definitions import (
    FHIR,
    HERE,
    concept,
    element,
    faults,
    issues,
    known,
    observation,
    profile,
)

if TYPE_CHECKING:
    from shared.fhir.errors import Issue

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
QUANTITY = {"value": 5, "unit": "mg"}
UCUM = "http://unitsofmeasure.org"
MILLIGRAMS = {"system": UCUM, "code": "mg"}

# What the profile says of an element, a resource that keeps it, one that does not, the fault
CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], tuple[str, str]]] = [
    (
        element("Observation.subject", min=1),
        observation(subject={"reference": "Patient/1"}),
        observation(),
        ("required", "Observation"),
    ),
    (
        element("Observation.effective[x]", min=1),
        observation(effectiveDateTime="2026"),
        observation(),
        ("required", "Observation"),
    ),
    (
        element("Observation.valueQuantity", min=1),
        observation(valueQuantity=QUANTITY),
        observation(valueString="x"),
        ("required", "Observation"),
    ),
    (
        element("Observation.valueQuantity.unit", patternString="mg"),
        observation(valueQuantity=QUANTITY),
        observation(valueQuantity={"value": 5, "unit": "g"}),
        ("value", "Observation.value.unit"),
    ),
    (
        element("Observation.method", max="0"),
        observation(),
        observation(method=concept("m")),
        ("structure", "Observation.method"),
    ),
    (
        element("Observation.category", max="1"),
        observation(category=[concept("a")]),
        observation(category=[concept("a"), concept("b")]),
        ("structure", "Observation.category"),
    ),
    (
        element("Observation.value[x]", type=[{"code": "Quantity"}, {"code": "string"}]),
        observation(valueString="x"),
        observation(valueInteger=1),
        ("value", "Observation.value"),
    ),
    (
        element(
            "Observation.subject", type=[{"code": "Reference", "targetProfile": [f"{FHIR}/Group"]}]
        ),
        observation(subject={"reference": "Group/1"}),
        observation(subject={"reference": "Patient/1"}),
        ("value", "Observation.subject"),
    ),
    (
        element("Observation.status", fixedCode="final"),
        observation(),
        observation(status="amended"),
        ("value", "Observation.status"),
    ),
    (
        element("Observation.code", fixedCodeableConcept=concept("a")),
        observation(),
        observation(code={**concept("a"), "text": "more"}),
        ("value", "Observation.code"),
    ),
    (
        element("Observation.code", patternCodeableConcept=concept("a")),
        observation(code={"coding": [{"code": "z"}, *concept("a")["coding"]], "text": "more"}),
        observation(code=concept("b")),
        ("value", "Observation.code"),
    ),
    (
        element("Observation.value[x]", maxValueInteger=10, minValueInteger=1),
        observation(valueInteger=10),
        observation(valueInteger=11),
        ("value", "Observation.value"),
    ),
    (
        element("Observation.value[x]", minValueDateTime="2026"),
        observation(valueDateTime="2026-03-01"),
        observation(valueDateTime="2025-03-01"),
        ("value", "Observation.value"),
    ),
    (
        element("Observation.value[x]", minValueQuantity=MILLIGRAMS | {"value": 4}),
        observation(valueQuantity={"value": 1, "system": UCUM, "code": "g"}),
        observation(valueQuantity=MILLIGRAMS | {"value": 3}),
        ("value", "Observation.value"),
    ),
    (
        element("Observation.value[x]", maxLength=3),
        observation(valueString="abc"),
        observation(valueString="abcd"),
        ("too-long", "Observation.value"),
    ),
    (
        element("Observation.value[x]", binding={"strength": "required", "valueSet": GENDER}),
        observation(valueCodeableConcept=concept("male", "http://hl7.org/fhir/administrative-gender")),
        observation(valueCodeableConcept=concept("male")),
        ("code-invalid", "Observation.value"),
    ),
    (
        element("Observation.component.code.coding", min=2),
        observation(component=[{"code": {"coding": [{"code": "a"}, {"code": "b"}]}}]),
        observation(component=[{"code": concept("a")}]),
        ("required", "Observation.component[0].code"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "kept", "broken", "fault"), [pytest.param(*case, id=case[0]["id"]) for case in CASES]
)
def test_a_profile_holds_for_an_element(
    said: dict[str, Any], kept: dict[str, Any], broken: dict[str, Any], fault: tuple[str, str]
) -> None:
    definition = profile("one", "Observation", said)

    assert faults(kept, definition) == []
    assert faults(broken, definition) == [fault]


def test_a_child_of_what_is_absent_is_not_demanded() -> None:
    definition = profile("one", "Observation", element("Observation.component.value[x]", min=1))

    assert faults(observation(), definition) == []


def test_an_extensible_binding_warns_and_an_unknown_value_set_is_no_fault() -> None:
    def bound(strength: str, url: str) -> list[Issue]:
        binding = {"strength": strength, "valueSet": f"{url}|4.0.1"}
        definition = profile("one", "Observation", element("Observation.code", binding=binding))
        return issues(observation(), definition)

    assert [issue.severity for issue in bound("extensible", GENDER)] == ["warning"]
    assert bound("preferred", GENDER) == bound("required", f"{HERE}/unknown") == []


RULE = {"key": "one-1", "human": "A value is there.", "expression": "value.exists()"}


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_a_rule_is_told_with_its_text_and_severity(severity: str) -> None:
    rule = RULE | {"severity": severity}
    definition = profile("one", "Observation", element("Observation", constraint=[rule]))

    assert issues(observation(valueInteger=1), definition) == []
    (issue,) = issues(observation(), definition)
    assert (issue.severity, issue.code, issue.expression) == (severity, "invariant", "Observation")
    assert "A value is there. (one-1)" in issue.diagnostics


@pytest.mark.parametrize("expression", ["(((", "unknown()", "(1 | 2).single()"])
def test_a_rule_that_cannot_be_asked_is_no_error(expression: str) -> None:
    rule = RULE | {"severity": "error", "expression": expression}
    definition = profile("one", "Observation", element("Observation", constraint=[rule]))

    assert {issue.severity for issue in issues(observation(), definition)} <= {"warning"}


def test_rules_that_would_run_without_end_are_stopped_together() -> None:
    many = "%resource.descendants().select(%resource.descendants().select(%resource.descendants()))"
    rules = [RULE | {"key": f"k{n}", "expression": f"{many}.exists()"} for n in range(50)]
    definition = profile("one", "Observation", element("Observation", constraint=rules))
    resource = observation(component=[{"code": concept("a")}] * 40)

    assert {issue.severity for issue in issues(resource, definition)} == {"warning"}


def test_an_extension_conforms_to_the_profile_of_its_type() -> None:
    url = f"{HERE}/note"
    note = profile(
        "note",
        "Extension",
        element("Extension.url", fixedUri=url),
        element("Extension.value[x]", min=1, type=[{"code": "string"}]),
    )
    definition = profile(
        "one",
        "Observation",
        element(
            "Observation.extension:note", min=1, type=[{"code": "Extension", "profile": [url]}]
        ),
    )

    assert faults(observation(extension=[{"url": url, "valueString": "x"}]), definition, note) == []
    other = {"url": "http://elsewhere.example/x", "valueString": "x"}
    assert faults(observation(extension=[other]), definition, note) == [("required", "Observation")]
    wrong = observation(extension=[other, {"url": url, "valueInteger": 1}])
    assert faults(wrong, definition, note) == [("value", "Observation.extension[1]")]
    assert faults(wrong, definition) == []


def test_what_is_contained_conforms_to_the_profile_of_the_target() -> None:
    named = profile("named", "Patient", element("Patient.name", min=1))
    subject = {"code": "Reference", "targetProfile": [named["url"]]}
    definition = profile("one", "Observation", element("Observation.subject", type=[subject]))

    def about(**members: Any) -> dict[str, Any]:  # noqa: ANN401
        inside = {"resourceType": "Patient", "id": "p", **members}
        return observation(contained=[inside], subject={"reference": "#p"})

    assert faults(about(name=[{"family": "Rivera"}]), definition, named) == []
    assert faults(about(), definition, named) == [("value", "Observation.subject")]
    assert faults(about(), definition) == []


def test_contained_resources_that_refer_to_each_other_in_a_circle_end() -> None:
    url = f"{HERE}/linked"
    other = {"code": "Reference", "targetProfile": [url]}
    definition = profile("linked", "Patient", element("Patient.link.other", type=[other]))
    names = [f"p{number}" for number in range(30)]
    links = [{"other": {"reference": f"#{name}"}, "type": "seealso"} for name in names]
    inside = [{"resourceType": "Patient", "id": name, "link": links} for name in names]
    resource = {"resourceType": "Patient", "contained": inside, "link": links}

    assert faults(resource, definition) == []


def test_a_profile_upon_a_profile_holds_both() -> None:
    base = profile("base", "Observation", element("Observation.subject", min=1))
    definition = profile("one", "base", element("Observation.method", max="0"))

    assert faults(observation(method=concept("m")), definition, base) == [
        ("required", "Observation"),
        ("structure", "Observation.method"),
    ]
    (missing,) = issues(observation(), definition)
    assert (missing.severity, missing.code) == ("warning", "not-found")


def test_profiles_that_build_on_each_other_in_a_circle_end() -> None:
    one = profile("one", "two", element("Observation.subject", min=1))
    two = profile("two", "one", element("Observation.method", max="0"))

    assert faults(observation(), one, two) == [("required", "Observation")]


def test_a_snapshot_says_all_there_is_to_say() -> None:
    definition = profile("one", "unknown", element("Observation.subject", min=1))
    definition["snapshot"] = {"element": [element("Observation.method", max="0")]}

    assert faults(observation(method=concept("m")), definition) == [
        ("structure", "Observation.method")
    ]


def test_a_profile_that_changed_is_read_anew() -> None:
    strict = profile("one", "Observation", element("Observation.subject", min=1))
    loose = profile("one", "Observation", element("Observation.subject", min=0))

    for _ in range(2):
        assert faults(observation(), strict) == [("required", "Observation")]
        assert faults(observation(), loose) == []


def test_a_profile_of_another_type_is_refused() -> None:
    definition = profile("one", "Patient", element("Patient.name", min=1))

    assert faults(observation(), definition) == [("value", "Observation")]


def test_the_claims_of_a_resource_are_checked_and_unknown_ones_are_told() -> None:
    definition = profile("one", "Observation", element("Observation.subject", min=1))
    resource = observation(meta={"profile": [f"{HERE}/one", f"{HERE}/unknown"]})

    found = validate_claims(resource, known(definition).get)
    assert [(issue.severity, issue.expression) for issue in found] == [
        ("error", "Observation"),
        ("warning", "Observation.meta.profile[1]"),
    ]
    for url in (f"{FHIR}/Observation", f"{FHIR}/DomainResource|4.0.1"):
        assert validate_claims(observation(meta={"profile": [url]}), known().get) == []
    assert validate_claims(observation(), known(definition).get) == []


def test_a_profile_deeper_than_any_resource_is_no_harm() -> None:
    definition = profile(
        "one",
        "Observation",
        element("Observation." + ".".join(["component"] * 5_000), min=1),
        element("Observation.component:" + "/".join(["a"] * 5_000), min=1),
        element(
            "Observation.component", slicing={"discriminator": [{"type": "value", "path": "("}]}
        ),
        element("Observation.component:b", min=1),
        element("Observation.nothing.at.all", min=1),
    )

    resource = observation(component=[{"code": concept("a")}])
    assert ("required", "Observation") in faults(resource, definition)


def test_a_hundred_faults_are_enough() -> None:
    definition = profile("one", "Observation", element("Observation.component.value[x]", min=1))
    resource = observation(component=[{"code": concept("a")}] * 300)

    assert len(issues(resource, definition)) == 100
    assert len(validate_profile(resource, definition, lambda _: None, limit=7)) == 7


def test_a_hundred_warnings_hide_no_fault() -> None:
    rule = RULE | {"severity": "warning", "expression": "value.exists()"}
    definition = profile(
        "one",
        "Observation",
        element("Observation.component", constraint=[rule]),
        element("Observation.status", fixedCode="amended"),
    )
    claims = [*(f"{HERE}/unknown-{number}" for number in range(300)), definition["url"]]
    resource = observation(component=[{"code": concept("a")}] * 300, meta={"profile": claims})

    for found in (
        issues(resource, definition),
        validate_claims(resource, known(definition).get),
    ):
        assert ("error", "Observation.status") in [(i.severity, i.expression) for i in found]
        assert len(found) <= 200


@pytest.mark.parametrize("expression", ["value.foo((", "value + 1 > 'a'", None])
def test_a_rule_that_nobody_can_hold_to_is_told(expression: str | None) -> None:
    said = {"key": "x-1", "severity": "error", "human": "Told."}
    said |= {"expression": expression} if expression else {}
    definition = profile("one", "Observation", element("Observation", constraint=[said]))

    [issue] = issues(observation(valueString="x"), definition)

    assert (issue.severity, issue.code) == ("warning", "not-supported")
    assert "Told. (x-1)" in issue.diagnostics


def test_a_rule_may_ask_what_day_it_is_on_the_clocks_of_the_site() -> None:
    said = {
        "key": "x-1",
        "severity": "error",
        "human": "Not yet.",
        "expression": "value <= today()",
    }
    definition = profile("one", "Observation", element("Observation", constraint=[said]))
    told = observation(valueDateTime="2026-03-02")
    late = datetime(2026, 3, 2, 3, tzinfo=UTC)

    def found(now: datetime | None) -> list[str]:
        return [each.code for each in validate_profile(told, definition, lambda _: None, now=now)]

    assert found(late) == []
    assert found(late.astimezone(timezone(timedelta(hours=-5)))) == ["invariant"]
    assert found(None) == ["not-supported"]
