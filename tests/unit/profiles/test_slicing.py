"""Slices: told by value, pattern, type, profile or presence; closed, ordered, at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.fhir.profiles import validate_profile
from tests.unit.profiles.definitions import (
    FHIR,
    HERE,
    SYSTEM,
    concept,
    element,
    faults,
    observation,
    profile,
)

if TYPE_CHECKING:
    from shared.fhir.fhirpath import Node


def slicing(type_name: str, path: str, **said: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"discriminator": [{"type": type_name, "path": path}], "rules": "open", **said}


def component(code: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"code": concept(code), **members}


def sliced(*elements: dict[str, Any], **by: Any) -> dict[str, Any]:  # noqa: ANN401
    return profile(
        "one", "Observation", element("Observation.component", slicing=slicing(**by)), *elements
    )


IN = "Observation.component"
BY_PATTERN = sliced(
    element(f"{IN}:low", min=1, max="1"),
    element(f"{IN}:low.code", patternCodeableConcept=concept("low")),
    element(f"{IN}:low.value[x]", min=1, type=[{"code": "integer"}]),
    element(f"{IN}:high", max="1"),
    element(f"{IN}:high.code", patternCodeableConcept=concept("high")),
    type_name="pattern",
    path="code",
)
BY_VALUE = sliced(
    element(f"{IN}:low", min=1, max="1"),
    element(f"{IN}:low.code.coding.system", min=1, fixedUri=SYSTEM),
    element(f"{IN}:low.code.coding.code", min=1, fixedCode="low"),
    element(f"{IN}:low.value[x]", min=1, type=[{"code": "integer"}]),
    element(f"{IN}:high", max="1"),
    element(f"{IN}:high.code.coding.code", min=1, fixedCode="high"),
    type_name="value",
    path="code.coding.code",
)
BY_INNER_SLICE = sliced(
    element(f"{IN}:low", min=1, max="1"),
    element(f"{IN}:low.code.coding:ours", min=1),
    element(f"{IN}:low.code.coding:ours.code", min=1, fixedCode="low"),
    element(f"{IN}:low.value[x]", min=1, type=[{"code": "integer"}]),
    element(f"{IN}:high", max="1"),
    element(f"{IN}:high.code.coding:ours", min=1),
    element(f"{IN}:high.code.coding:ours.code", min=1, fixedCode="high"),
    type_name="value",
    path="code.coding.code",
)


@pytest.mark.parametrize("definition", [BY_PATTERN, BY_VALUE, BY_INNER_SLICE])
def test_each_slice_is_counted_and_checked_by_itself(definition: dict[str, Any]) -> None:
    def found(*components: dict[str, Any]) -> list[tuple[str, str | None]]:
        return faults(observation(component=list(components)), definition)

    low = component("low", valueInteger=1)
    assert found(low) == found(low, component("high"), component("other")) == []
    assert found(component("high")) == [("required", "Observation")]
    assert found(low, low) == [("structure", "Observation.component")]
    assert found(component("other"), component("low")) == [("required", "Observation.component[1]")]
    assert found(component("low", valueString="x")) == [("value", "Observation.component[0].value")]
    assert faults(observation(), definition) == [("required", "Observation")]


def test_a_choice_is_sliced_by_its_type_without_saying_so() -> None:
    definition = profile(
        "one",
        "Observation",
        element("Observation.value[x]:valueQuantity"),
        element("Observation.value[x]:valueQuantity.unit", min=1),
    )

    assert faults(observation(valueString="x"), definition) == []
    assert faults(observation(valueQuantity={"value": 1, "unit": "mg"}), definition) == []
    shorthand = profile("one", "Observation", element("Observation.valueQuantity.unit", min=1))
    assert faults(observation(valueQuantity={"value": 1}), shorthand) == [
        ("required", "Observation.value")
    ]


def test_slices_are_told_by_type() -> None:
    definition = sliced(
        element(f"{IN}:text", max="1"),
        element(f"{IN}:text.value[x]", maxLength=2, type=[{"code": "string"}]),
        type_name="type",
        path="value",
    )

    def found(*components: dict[str, Any]) -> list[tuple[str, str | None]]:
        return faults(observation(component=list(components)), definition)

    assert found(component("a", valueInteger=1), component("b", valueString="x")) == []
    assert found(component("b", valueString="xyz")) == [
        ("too-long", "Observation.component[0].value")
    ]
    assert found(*[component("b", valueString="x")] * 2) == [("structure", "Observation.component")]


def test_slices_are_told_by_what_exists() -> None:
    definition = sliced(
        element(f"{IN}:measured", max="1"),
        element(f"{IN}:measured.value[x]", min=1),
        element(f"{IN}:absent", max="1"),
        element(f"{IN}:absent.value[x]", max="0"),
        element(f"{IN}:absent.dataAbsentReason", min=1),
        type_name="exists",
        path="value",
    )

    def found(*components: dict[str, Any]) -> list[tuple[str, str | None]]:
        return faults(observation(component=list(components)), definition)

    measured = component("a", valueInteger=1)
    assert found(measured, component("b", dataAbsentReason=concept("x"))) == []
    assert found(measured, component("b")) == [("required", "Observation.component[1]")]
    assert found(measured, measured) == [("structure", "Observation.component")]


def test_slices_are_told_by_where_a_reference_leads() -> None:
    definition = profile(
        "one",
        "Observation",
        element("Observation.performer", slicing=slicing("type", "$this.resolve()")),
        element(
            "Observation.performer:person",
            min=1,
            type=[{"code": "Reference", "targetProfile": [f"{FHIR}/Practitioner"]}],
        ),
    )

    assert faults(observation(performer=[{"reference": "Practitioner/1"}]), definition) == []
    assert faults(observation(performer=[{"reference": "Organization/1"}]), definition) == [
        ("required", "Observation")
    ]


def test_slices_are_told_by_the_profile_they_conform_to() -> None:
    short = f"{HERE}/short"
    extension = profile("short", "Extension", element("Extension.value[x]", maxLength=2))
    definition = profile(
        "one",
        "Observation",
        element("Observation.extension", slicing=slicing("profile", "$this")),
        element(
            "Observation.extension:short",
            min=1,
            max="1",
            type=[{"code": "Extension", "profile": [short]}],
        ),
    )

    def found(*texts: str) -> list[tuple[str, str | None]]:
        extensions = [{"url": "http://example.org/x", "valueString": text} for text in texts]
        return faults(observation(extension=extensions), definition, extension)

    assert found("ab", "abc") == []
    assert found("abc") == [("required", "Observation")]
    assert found("ab", "cd") == [("structure", "Observation.extension")]


def rules(**said: Any) -> dict[str, Any]:  # noqa: ANN401
    return sliced(
        element(f"{IN}:low"),
        element(f"{IN}:low.code", patternCodeableConcept=concept("low")),
        element(f"{IN}:high"),
        element(f"{IN}:high.code", patternCodeableConcept=concept("high")),
        type_name="value",
        path="code",
        **said,
    )


@pytest.mark.parametrize(
    ("said", "codes", "places"),
    [
        ({"rules": "open"}, ["other", "low"], []),
        ({"rules": "closed"}, ["low", "high"], []),
        ({"rules": "closed"}, ["low", "other"], [1]),
        ({"rules": "openAtEnd"}, ["low", "other"], []),
        ({"rules": "openAtEnd"}, ["other", "low"], [0]),
        ({"ordered": True}, ["low", "low", "high"], []),
        ({"ordered": True}, ["high", "low"], [1]),
        ({"ordered": False}, ["high", "low"], []),
    ],
)
def test_what_is_of_no_slice_or_out_of_order_is_told(
    said: dict[str, Any], codes: list[str], places: list[int]
) -> None:
    resource = observation(component=[component(code) for code in codes])

    assert faults(resource, rules(**said)) == [
        ("structure", f"Observation.component[{place}]") for place in places
    ]


def test_slices_of_slices_are_counted_within_them() -> None:
    definition = profile(
        "one",
        "Observation",
        element("Observation.category", slicing=slicing("value", "coding.system")),
        element("Observation.category:ours", max="2"),
        element("Observation.category:ours.coding.system", min=1, fixedUri=SYSTEM),
        element(
            "Observation.category:ours/first", slicing=slicing("value", "coding.code"), max="1"
        ),
        element("Observation.category:ours/first.coding.code", min=1, fixedCode="a"),
    )
    definition["differential"]["element"][1]["slicing"] = slicing("value", "coding.code")

    def found(*codes: str) -> list[tuple[str, str | None]]:
        return faults(observation(category=[concept(code) for code in codes]), definition)

    assert found("a", "b") == []
    assert found("a", "a") == [("structure", "Observation.category")]


def test_slices_that_only_a_description_divides_are_left_alone() -> None:
    definition = profile(
        "one",
        "Observation",
        element("Observation.component", slicing={"description": "by taste", "rules": "open"}),
        element("Observation.component:nice", min=1),
    )

    assert faults(observation(), definition) == []


def test_slices_are_told_by_a_value_set_that_the_caller_knows() -> None:
    definition = sliced(
        element(f"{IN}:warm", max="1"),
        element(f"{IN}:warm.code", binding={"strength": "required", "valueSet": f"{HERE}/warm"}),
        type_name="value",
        path="code",
    )
    resource = observation(component=[component("red"), component("red"), component("blue")])

    def is_red(node: Node, _url: str) -> bool:
        return "red" in str(node.value)

    assert validate_profile(resource, definition, lambda _: None) == []
    found = validate_profile(resource, definition, lambda _: None, member_of=is_red)
    assert [(each.code, each.expression) for each in found] == [
        ("structure", "Observation.component")
    ]
