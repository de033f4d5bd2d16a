"""FHIRPath Patch. https://hl7.org/fhir/R4/fhirpatch.html"""

from __future__ import annotations

from typing import Any, cast

import pytest

from shared.fhir.errors import FhirError, Malformed, RuleViolation, TooLarge
from shared.fhir.patch.fhirpath_operations import parse
from shared.fhir.patch.fhirpath_patch import apply
from tests.unit.fhir_patch.trees import text, tree

PATIENT = """{"resourceType":"Patient","id":"a","active":true,"birthDate":"1980",
"_birthDate":{"id":"b"},"deceasedBoolean":false,
"name":[{"family":"One","given":["A","B"],"_given":[null,{"id":"g"}]},{"family":"Two"}],
"identifier":[{"value":"1"},{"value":"2"},{"value":"3"}],
"contact":[{"gender":"male"}]}"""


def operation(kind: str, path: str, **parts: object) -> dict[str, Any]:
    """An operation; its `value` is a whole part without its name."""
    told: list[dict[str, Any]] = [
        {"name": "type", "valueCode": kind},
        {"name": "path", "valueString": path},
    ]
    for name, value in parts.items():
        if name == "value":
            told.append({"name": name, **cast("dict[str, Any]", value)})
        else:
            key = "valueString" if name == "name" else "valueInteger"
            told.append({"name": name, key: value})
    return {"name": "operation", "part": told}


def parameters(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(operations)}


def patched(*operations: dict[str, Any], before: str = PATIENT) -> dict[str, Any]:
    return apply(parse(parameters(*operations)), tree(before))


FAMILY = {"part": [{"name": "family", "valueString": "New"}]}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (operation("add", "Patient", name="gender", value={"valueCode": "female"}),
         {"gender": "female"}),
        (operation("add", "Patient.contact[0]", name="organization",
                   value={"valueReference": {"reference": "Organization/1"}}),
         {"contact": [{"gender": "male", "organization": {"reference": "Organization/1"}}]}),
        (operation("add", "Patient", name="maritalStatus",
                   value={"valueCodeableConcept": {"text": "m"}}),
         {"maritalStatus": {"text": "m"}}),
        (operation("add", "Patient", name="identifier", value={"valueIdentifier": {"value": "4"}}),
         {"identifier": [{"value": "1"}, {"value": "2"}, {"value": "3"}, {"value": "4"}]}),
        (operation("add", "Patient", name="contact", value={"part": [
            {"name": "gender", "valueCode": "other"},
            {"name": "name", "part": [{"name": "given", "valueString": "X"},
                                      {"name": "given", "valueString": "Y"}]}]}),
         {"contact": [{"gender": "male"}, {"gender": "other", "name": {"given": ["X", "Y"]}}]}),
        (operation("add", "Patient", name="multipleBirth", value={"valueInteger": 2}),
         {"multipleBirthInteger": 2}),
        (operation("add", "Patient.birthDate", name="extension", value={"part": [
            {"name": "url", "valueUri": "urn:x"}, {"name": "value", "valueTime": "10:00:00"}]}),
         {"_birthDate": {"id": "b", "extension": [{"url": "urn:x", "valueTime": "10:00:00"}]}}),
        (operation("add", "Patient.name[0].given[0]", name="id", value={"valueString": "new"}),
         {"name": [{"family": "One", "given": ["A", "B"], "_given": [{"id": "new"}, {"id": "g"}]},
                   {"family": "Two"}]}),
        (operation("add", "Patient.active", name="id", value={"valueString": "new"}),
         {"_active": {"id": "new"}}),
        (operation("add", "Patient", name="contained",
                   value={"resource": {"resourceType": "Organization", "id": "o", "name": "O"}}),
         {"contained": [{"resourceType": "Organization", "id": "o", "name": "O"}]}),
        (operation("insert", "Patient.identifier", index=1,
                   value={"valueIdentifier": {"value": "x"}}),
         {"identifier": [{"value": "1"}, {"value": "x"}, {"value": "2"}, {"value": "3"}]}),
        (operation("insert", "Patient.identifier", index=3,
                   value={"valueIdentifier": {"value": "x"}}),
         {"identifier": [{"value": "1"}, {"value": "2"}, {"value": "3"}, {"value": "x"}]}),
        (operation("insert", "identifier", index=0, value={"valueIdentifier": {"value": "x"}}),
         {"identifier": [{"value": "x"}, {"value": "1"}, {"value": "2"}, {"value": "3"}]}),
        (operation("insert", "Patient.telecom", index=0,
                   value={"valueContactPoint": {"system": "fax", "value": "1"}}),
         {"telecom": [{"system": "fax", "value": "1"}]}),
        (operation("insert", "Patient.name[0].given", index=1, value={"valueString": "C"}),
         {"name": [{"family": "One", "given": ["A", "C", "B"], "_given": [None, None, {"id": "g"}]},
                   {"family": "Two"}]}),
        (operation("delete", "Patient.active"), {"active": None}),
        (operation("delete", "Patient.birthDate"), {"birthDate": None, "_birthDate": None}),
        (operation("delete", "Patient.gender"), {}),
        (operation("delete", "Patient.name.where(family = 'Two')"),
         {"name": [{"family": "One", "given": ["A", "B"], "_given": [None, {"id": "g"}]}]}),
        (operation("delete", "Patient.name[0].given[1]"),
         {"name": [{"family": "One", "given": ["A"]}, {"family": "Two"}]}),
        (operation("delete", "Patient.name[1].family"),
         {"name": [{"family": "One", "given": ["A", "B"], "_given": [None, {"id": "g"}]}]}),
        (operation("delete", "Patient.contact.gender"), {"contact": None}),
        (operation("delete", "Patient.birthDate.id"), {"_birthDate": None}),
        (operation("delete", "Patient.name.given.id"),
         {"name": [{"family": "One", "given": ["A", "B"]}, {"family": "Two"}]}),
        (operation("replace", "Patient.active", value={"valueBoolean": False}), {"active": False}),
        (operation("replace", "Patient.birthDate", value={"valueDate": "1981"}),
         {"birthDate": "1981", "_birthDate": None}),
        (operation("replace", "Patient.deceased", value={"valueDateTime": "2020"}),
         {"deceasedBoolean": None, "deceasedDateTime": "2020"}),
        (operation("replace", "Patient.name[1]", value=FAMILY),
         {"name": [{"family": "One", "given": ["A", "B"], "_given": [None, {"id": "g"}]},
                   {"family": "New"}]}),
        (operation("replace", "Patient.name.last()", value={"valueHumanName": {"text": "T"}}),
         {"name": [{"family": "One", "given": ["A", "B"], "_given": [None, {"id": "g"}]},
                   {"text": "T"}]}),
        (operation("move", "Patient.identifier", source=2, destination=0),
         {"identifier": [{"value": "3"}, {"value": "1"}, {"value": "2"}]}),
        (operation("move", "Patient.identifier", source=0, destination=2),
         {"identifier": [{"value": "2"}, {"value": "3"}, {"value": "1"}]}),
        (operation("move", "Patient.name[0].given", source=1, destination=0),
         {"name": [{"family": "One", "given": ["B", "A"], "_given": [{"id": "g"}, None]},
                   {"family": "Two"}]}),
    ],
)  # fmt: skip
def test_each_operation_does_what_the_specification_says(
    told: dict[str, Any], expected: dict[str, Any]
) -> None:
    after = {**tree(PATIENT), **expected}
    assert patched(told) == {name: value for name, value in after.items() if value is not None}


VALUE = {"valueString": "x"}


@pytest.mark.parametrize(
    "told",
    [
        operation("add", "Patient", name="birthDate", value={"valueDate": "1981"}),
        operation("add", "Patient", name="deceased", value={"valueDateTime": "2020"}),
        operation("add", "Patient", name="deceased", value={"valueString": "x"}),
        operation("add", "Patient", name="multipleBirth", value={"part": [{"name": "x", **VALUE}]}),
        operation("add", "Patient", name="nothing", value=VALUE),
        operation("add", "Patient", name="contact", value={"part": [{"name": "x", **VALUE}]}),
        operation("add", "Patient.name", name="text", value=VALUE),
        operation("add", "Patient.telecom", name="value", value=VALUE),
        operation("add", "Patient.active", name="value", value=VALUE),
        operation(
            "insert", "Patient.identifier", index=4, value={"valueIdentifier": {"value": "x"}}
        ),
        operation(
            "insert", "Patient.identifier", index=-1, value={"valueIdentifier": {"value": "x"}}
        ),
        operation("insert", "Patient.gender", index=0, value={"valueCode": "male"}),
        operation("insert", "Patient.name.given", index=0, value=VALUE),
        operation("delete", "Patient.identifier"),
        operation("delete", "Patient"),
        operation("delete", "'text'"),
        operation("delete", "Patient.name.count()"),
        operation("replace", "Patient.gender", value={"valueCode": "male"}),
        operation("replace", "Patient.identifier", value={"valueIdentifier": {"value": "x"}}),
        operation("replace", "Patient", value={"resource": {"resourceType": "Patient"}}),
        operation("replace", "Patient.deceased", value={"valueString": "x"}),
        operation("move", "Patient.identifier", source=3, destination=0),
        operation("move", "Patient.identifier", source=0, destination=3),
        operation("move", "Patient.identifier", source=-1, destination=0),
        operation("move", "Patient.telecom", source=0, destination=0),
    ],
)
def test_what_cannot_be_done_breaks_the_whole_and_names_the_operation(
    told: dict[str, Any],
) -> None:
    first = operation("replace", "Patient.active", value={"valueBoolean": False})
    with pytest.raises(FhirError, match="Operation 1 of the patch") as refused:
        patched(first, told)
    assert refused.value.status in {400, 422}
    assert patched(first)["active"] is False


@pytest.mark.parametrize(
    "told",
    [
        {"name": "other", "part": [{"name": "type", "valueCode": "delete"}]},
        {"name": "operation", **VALUE},
        operation("jump", "Patient"),
        operation("add", "Patient", value=VALUE),
        operation("add", "Patient", name="gender"),
        operation("add", "Patient", name="gender", value=VALUE, index=1),
        operation("insert", "Patient.name", value=VALUE),
        operation("move", "Patient.name", source=1),
        operation("delete", "Patient..name"),
        operation("delete", "Patient.name("),
        operation("delete", "%nothing"),
        operation("insert", "Patient.name[0]", index=0, value=VALUE),
        operation("delete", "Patient", other=1),
        {"name": "operation", "part": [{"name": "type", "valueInteger": 1}]},
        {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}] * 2},
    ],
)  # fmt: skip
def test_what_is_no_operation_is_malformed(told: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match="Operation 0 "):
        patched(told)


def test_what_is_no_patch_is_malformed() -> None:
    for told in (tree(PATIENT), {"resourceType": "Parameters", "parameter": [{"nme": "x"}]}):
        with pytest.raises(Malformed):
            parse(told)
    assert parse({"resourceType": "Parameters"}) == ()


def test_a_patch_has_at_most_a_hundred_operations() -> None:
    told = [operation("delete", "Patient.gender")] * 101
    with pytest.raises(TooLarge):
        patched(*told)
    assert patched(*told[:100]) == tree(PATIENT)


def test_numbers_keep_their_text() -> None:
    before = '{"resourceType":"Observation","valueQuantity":{"value":1.10}}'
    told = tree(
        '{"resourceType":"Parameters","parameter":[{"name":"operation","part":['
        '{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Observation.value"},'
        '{"name":"value","valueQuantity":{"value":2.500}}]}]}'
    )
    assert '"value":2.500' in text(apply(parse(told), tree(before)))
    kept = operation("add", "Observation", name="status", value={"valueCode": "final"})
    assert '"value":1.10' in text(patched(kept, before=before))


def test_a_value_may_refer_to_what_its_resource_contains() -> None:
    held = {"resourceType": "Organization", "id": "held", "name": "Clinic"}
    reference = {"valueReference": {"reference": "#held"}}
    found = patched(
        operation("add", "Patient", name="contained", value={"resource": held}),
        operation("add", "Patient", name="managingOrganization", value=reference),
    )
    assert found["contained"] == [held]
    assert found["managingOrganization"] == {"reference": "#held"}
    # What breaks a rule of Parameters themselves is still no patch.
    with pytest.raises(Malformed):
        patched(operation("replace", "Patient.active", value={"valueBoolean": True} | FAMILY))


def test_operations_see_what_those_before_them_did() -> None:
    point = {"system": "fax", "value": "1"}
    added = operation("add", "Patient", name="telecom", value={"valueContactPoint": point})
    changed = operation("replace", "Patient.telecom.value", value={"valueString": "2"})
    assert patched(added, changed)["telecom"] == [{"system": "fax", "value": "2"}]
    with pytest.raises(RuleViolation):
        patched(changed, added)


def test_a_patch_nests_no_deeper_than_a_body() -> None:
    path, operations = "Patient", []
    for _ in range(40):
        value = {"part": [{"name": "url", "valueUri": "urn:x"}]}
        operations.append(operation("add", path, name="extension", value=value))
        path += ".extension[0]"
    assert patched(*operations[:20])
    with pytest.raises(RuleViolation, match="deeper"):
        patched(*operations)


def test_a_patch_and_what_it_patches_stay_as_they_were() -> None:
    before = tree(PATIENT)
    operations = parse(
        parameters(
            operation("add", "Patient", name="contact", value={"valueCoding": {"code": "x"}}),
            operation("delete", "Patient.identifier[0]"),
            operation("add", "Patient.active", name="id", value={"valueString": "i"}),
        )
    )
    assert text(apply(operations, before)) == text(apply(operations, before))
    assert text(before) == text(tree(PATIENT))
