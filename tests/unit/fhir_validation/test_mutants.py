"""Each single fault in a valid resource is found once, at its place, with its code."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.validation import validate
from tests.unit.fhir_validation.resources import DIV, DROP, EXTENSION, PATIENT, VALID, damaged

P, OBS, B, R, A = "Patient", "Observation", "Bundle", "Parameters", "AllergyIntolerance"
Q, S, M, E, C = (
    *("Questionnaire", "StructureDefinition", "MedicationRequest"),
    *("Encounter", "CarePlan"),
)
SYSTEMS = "http://terminology.hl7.org/CodeSystem"

NEXT = {"relation": "next", "url": "http://a/Patient?_page=2"}
INNER = {"resourceType": "Patient", "id": "x", "managingOrganization": {"reference": "#"}}
WITHDRAWN = {
    "coding": [
        {"system": f"{SYSTEMS}/allergyintolerance-verification", "code": "entered-in-error"},
    ]
}

# type, place of the damage, what is put there, where the issue must be, its code
MUTANTS: list[tuple[str, str, Any, str, str]] = [
    # The JSON form
    (P, "nickname", "Ani", "Patient.nickname", "structure"),
    (P, "meta.project", "x", "Patient.meta.project", "structure"),
    (P, "fhir_comments", ["x"], "Patient.fhir_comments", "structure"),
    (P, "not a name", "x", "Patient", "structure"),
    (P, "name.0.resourceType", "HumanName", "Patient.name[0].resourceType", "structure"),
    (P, "name", {"family": "x"}, "Patient.name", "structure"),
    (P, "name", "Rivera", "Patient.name", "structure"),
    (P, "name", [], "Patient.name", "structure"),
    (P, "name.1", {}, "Patient.name[1]", "structure"),
    (P, "name.1", None, "Patient.name[1]", "structure"),
    (P, "name.1", {"id": "n2"}, "Patient.name[1]", "structure"),
    (P, "name.1", ["x"], "Patient.name[1]", "structure"),
    (P, "name.0.given", "Ana", "Patient.name[0].given", "structure"),
    (P, "name.0.given.0", ["Ana"], "Patient.name[0].given[0]", "structure"),
    (P, "name.0.given.0", {"a": 1}, "Patient.name[0].given[0]", "structure"),
    (P, "name.0.family", ["Rivera"], "Patient.name[0].family", "structure"),
    (P, "name.0.family", None, "Patient.name[0].family", "structure"),
    (P, "name.0.family", 7, "Patient.name[0].family", "structure"),
    (P, "contact.0", None, "Patient.contact[0]", "structure"),
    (P, "meta", [], "Patient.meta", "structure"),
    (P, "meta", "1", "Patient.meta", "structure"),
    (P, "active", "true", "Patient.active", "structure"),
    (P, "active", 1, "Patient.active", "structure"),
    (P, "multipleBirthInteger", True, "Patient.multipleBirth", "structure"),
    (P, "multipleBirthInteger", "2", "Patient.multipleBirth", "structure"),
    (OBS, "valueQuantity.value", "12", "Observation.value.value", "structure"),
    (OBS, "valueQuantity", 12, "Observation.value", "structure"),
    # Twins
    (P, "_name", {"id": "n"}, "Patient._name", "structure"),
    (P, "_nothing", {"id": "n"}, "Patient._nothing", "structure"),
    (P, "name.0._given.1", None, "Patient.name[0].given[1]", "structure"),
    (P, "name.0._given.1", {"id": "g2"}, "Patient.name[0].given[1]", "structure"),
    (P, "name.0._given", [None, {"extension": [EXTENSION]}], "Patient.name[0].given", "structure"),
    (P, "name.0._given", {"extension": [EXTENSION]}, "Patient.name[0].given", "structure"),
    (P, "name.0._given", [], "Patient.name[0].given", "structure"),
    (P, "name.0._given.0", {}, "Patient.name[0].given[0]", "structure"),
    (P, "name.1._family", {"id": "f"}, "Patient.name[1].family", "structure"),
    (P, "name.1._given", [None], "Patient.name[1].given", "structure"),
    (P, "_birthDate", [], "Patient.birthDate", "structure"),
    (P, "_birthDate.value", "x", "Patient.birthDate.value", "structure"),
    (P, "_birthDate.extension.0.url", DROP, "Patient.birthDate.extension[0]", "required"),
    (P, "_birthDate.id", 1, "Patient.birthDate.id", "structure"),
    (P, "extension.0._url", {"id": "u"}, "Patient.extension[0]._url", "structure"),
    (P, "text._div", {"id": "d"}, "Patient.text._div", "structure"),
    # Choices
    (P, "deceasedDateTime", "2026", "Patient.deceased", "structure"),
    (P, "_deceasedDateTime", {"extension": [EXTENSION]}, "Patient.deceased", "structure"),
    (OBS, "valueString", "x", "Observation.value", "structure"),
    (OBS, "component.0.valueString", "x", "Observation.component[0].value", "structure"),
    (OBS, "component.2.valueInteger", 1, "Observation.component[2].value", "structure"),
    (OBS, "valueAddress", {"city": "x"}, "Observation.valueAddress", "structure"),
    (OBS, "value", 12, "Observation.value", "structure"),
    # Resources within
    (P, "contained.0.resourceType", DROP, "Patient.contained[0]", "required"),
    (P, "contained.0.resourceType", "Group2", "Patient.contained[0]", "structure"),
    (P, "contained.0.resourceType", "DomainResource", "Patient.contained[0]", "structure"),
    (P, "contained.0.size", 1, "Patient.contained[0].size", "structure"),
    (P, "contained.0", "o1", "Patient.contained[0]", "structure"),
    (R, "parameter.0.resource", "o1", "Parameters.parameter[0].resource", "structure"),
    (B, "entry.0.resource.gender", "f", "Bundle.entry[0].resource.gender", "code-invalid"),
    (B, "entry.1.resource.status", DROP, "Bundle.entry[1].resource", "required"),
    (B, "entry.1.resource.resourceType", 1, "Bundle.entry[1].resource", "structure"),
    (R, "parameter.0.resource.code", DROP, "Parameters.parameter[0].resource", "required"),
    (R, "parameter.1.part.0.valueCode", " a", "Parameters.parameter[1].part[0].value", "value"),
    # Cardinality
    (OBS, "status", DROP, "Observation", "required"),
    (OBS, "code", DROP, "Observation", "required"),
    (OBS, "component.1.code", DROP, "Observation.component[1]", "required"),
    (P, "communication.0.language", DROP, "Patient.communication[0]", "structure"),
    (P, "text.div", DROP, "Patient.text", "required"),
    (OBS, "referenceRange.0.low.comparator", "<", "Observation.referenceRange[0].low.comparator",
     "structure"),
    # Values; each primitive has more in test_primitives.py
    (P, "id", "p_1", "Patient.id", "value"),
    (P, "id", "p" * 65, "Patient.id", "value"),
    (P, "meta.lastUpdated", "2026-03-01", "Patient.meta.lastUpdated", "value"),
    (P, "name.0.family", "", "Patient.name[0].family", "value"),
    (P, "name.0.given.2", "a\x00b", "Patient.name[0].given[2]", "value"),
    (P, "birthDate", "1985-02-29", "Patient.birthDate", "value"),
    (P, "birthDate", "1985-02-03\n", "Patient.birthDate", "value"),
    (P, "telecom.0.rank", 0, "Patient.telecom[0].rank", "value"),
    (P, "multipleBirthInteger", 2**31, "Patient.multipleBirth", "value"),
    (P, "photo.0.data", "aGVsbG8", "Patient.photo[0].data", "value"),
    (P, "photo.0.size", -1, "Patient.photo[0].size", "value"),
    (P, "name.0.id", "n 1", "Patient.name[0].id", "value"),
    (P, "_birthDate", {"id": "b\t1"}, "Patient.birthDate.id", "value"),
    (P, "identifier.0.system", "urn oid", "Patient.identifier[0].system", "value"),
    (P, "text.div", DIV.replace("<b>", ""), "Patient.text.div", "value"),
    (P, "text.div", DIV.replace("b>", "script>"), "Patient.text.div", "value"),
    (OBS, "effectivePeriod.end", "2026-03-02T10:00:00", "Observation.effective.end", "value"),
    (OBS, "component.1.valueTime", "24:00:00", "Observation.component[1].value", "value"),
    # Extensions
    (P, "extension.0.url", DROP, "Patient.extension[0]", "required"),
    (P, "extension.0.url", "note", "Patient.extension[0].url", "value"),
    (P, "_birthDate.extension.0.url", "#note", "Patient.birthDate.extension[0].url", "value"),
    (P, "extension.0.valueCode", "a", "Patient.extension[0]", "invariant"),
    (P, "extension.0.extension", DROP, "Patient.extension[0]", "invariant"),
    (P, "extension.0.extension.1.valueString", "a", "Patient.extension[0].extension[1].value",
     "structure"),
    (P, "extension.0.extension.1.valueWord", "a", "Patient.extension[0].extension[1].valueWord",
     "structure"),
    (P, "extension.0.extension.0.valueDecimal", "1", "Patient.extension[0].extension[0].value",
     "structure"),
    # Required bindings
    (P, "gender", "woman", "Patient.gender", "code-invalid"),
    (P, "gender", "Female", "Patient.gender", "code-invalid"),
    (P, "name.0.use", "main", "Patient.name[0].use", "code-invalid"),
    (P, "text.status", "none", "Patient.text.status", "code-invalid"),
    (P, "photo.0.contentType", "png", "Patient.photo[0].contentType", "value"),
    (P, "photo.0.contentType", "image/png ", "Patient.photo[0].contentType", "value"),
    (P, "photo.0.contentType", "image/png;  q=1", "Patient.photo[0].contentType", "value"),
    (OBS, "valueQuantity.comparator", "==", "Observation.value.comparator", "code-invalid"),
    (A, "clinicalStatus.coding.1.code", "on", "AllergyIntolerance.clinicalStatus", "code-invalid"),
    (A, "clinicalStatus.coding.1.system", "http://example.org/s",
     "AllergyIntolerance.clinicalStatus", "code-invalid"),
    (A, "clinicalStatus", {"text": "active"}, "AllergyIntolerance.clinicalStatus", "code-invalid"),
    # Reference targets
    (OBS, "encounter.reference", "Patient/p1", "Observation.encounter", "value"),
    (OBS, "subject.reference", "https://example.org/fhir/Account/a/_history/2",
     "Observation.subject", "value"),
    (OBS, "performer.1.reference", "Encounter/e1", "Observation.performer[1]", "value"),
    (P, "contained.0", {"resourceType": "Device", "id": "o1"}, "Patient.managingOrganization",
     "value"),
    (P, "generalPractitioner.0.type", "Patient", "Patient.generalPractitioner[0]", "value"),
    (P, "generalPractitioner.0.type", "Organization", "Patient.generalPractitioner[0]", "value"),
    # Rules of the types; the rewritten ones have more in test_invariants.py
    (P, "contact.0", {"gender": "male"}, "Patient.contact[0]", "invariant"),
    (P, "telecom.0.system", DROP, "Patient.telecom[0]", "invariant"),
    (P, "photo.0.contentType", DROP, "Patient.photo[0]", "invariant"),
    (P, "photo.0.size", 4, "Patient.photo[0].size", "invariant"),
    (P, "generalPractitioner.0.reference", "#d2", "Patient.generalPractitioner[0]", "invariant"),
    (P, "managingOrganization", {"display": "x"}, "Patient.contained[0]", "invariant"),
    (P, "contained.0.contained", [INNER], "Patient.contained[0]", "invariant"),
    (P, "contained.0.meta", {"versionId": "1"}, "Patient.contained[0]", "invariant"),
    (P, "contained.0.meta", {"lastUpdated": "2026-03-01T09:00:00Z"}, "Patient.contained[0]",
     "invariant"),
    (P, "contained.0.meta", {"security": [{"code": "R"}]}, "Patient.contained[0]", "invariant"),
    (P, "contained.0.name", DROP, "Patient.contained[0]", "invariant"),
    (P, "text.div", DIV.replace("A <b>person</b>", " <b>\n</b>"), "Patient.text.div", "invariant"),
    (OBS, "dataAbsentReason", {"text": "x"}, "Observation", "invariant"),
    (OBS, "referenceRange.0", {"type": {"text": "x"}}, "Observation.referenceRange[0]",
     "invariant"),
    (OBS, "effectivePeriod.end", "2026-02-28", "Observation.effective", "invariant"),
    (OBS, "valueQuantity.code", "{score}", "Observation.value", "invariant"),
    (B, "total", 2, "Bundle", "invariant"),
    (B, "entry.0.search", {"mode": "match"}, "Bundle", "invariant"),
    (B, "entry.0.request", {"method": "GET", "url": "x"}, "Bundle.entry[0]", "invariant"),
    (B, "entry.0.response", {"status": "200"}, "Bundle.entry[0]", "invariant"),
    (B, "entry.1", {"fullUrl": "urn:uuid:2"}, "Bundle.entry[1]", "invariant"),
    (B, "entry.1", {"fullUrl": "urn:uuid:1", "resource": PATIENT}, "Bundle.entry[1].fullUrl",
     "invariant"),
    (B, "entry.0.fullUrl", "http://a/Patient/1/_history/2", "Bundle.entry[0]", "invariant"),
    (B, "entry.0.fullUrl", "Patient/1", "Bundle.entry[0].fullUrl", "invariant"),
    (B, "link", [NEXT, NEXT], "Bundle.link[1]", "invariant"),
    (B, "entry.0.resource.contact.0", {"gender": "male"}, "Bundle.entry[0].resource.contact[0]",
     "invariant"),
    (R, "parameter.1.valueCode", "a", "Parameters.parameter[1]", "invariant"),
    (A, "clinicalStatus", DROP, "AllergyIntolerance", "invariant"),
    (A, "verificationStatus", WITHDRAWN, "AllergyIntolerance", "invariant"),
    # Definitions, which nest themselves
    (Q, "item.0.item.1.linkId", DROP, "Questionnaire.item[0].item[1]", "required"),
    (Q, "item.0.item.1.enableWhen.0.operator", "is",
     "Questionnaire.item[0].item[1].enableWhen[0].operator", "code-invalid"),
    (Q, "item.0.item.1.enableWhen.0.answerString", "x",
     "Questionnaire.item[0].item[1].enableWhen[0].answer", "structure"),
    (Q, "item.0.item.1.enableWhen.0.answerBoolean", "true",
     "Questionnaire.item[0].item[1].enableWhen[0].answer", "structure"),
    (Q, "item.0.item.1.maxLength", 1.5, "Questionnaire.item[0].item[1].maxLength", "value"),
    (Q, "item.0.item.1.linkId", "1.1", "Questionnaire", "invariant"),
    (Q, "item.1.required", True, "Questionnaire.item[1]", "invariant"),
    (Q, "item.0.item", DROP, "Questionnaire.item[0]", "invariant"),
    (Q, "date", "2026-13", "Questionnaire.date", "value"),
    (S, "url", "mine", "StructureDefinition.url", "invariant"),
    (S, "kind", "profile", "StructureDefinition.kind", "code-invalid"),
    (S, "abstract", DROP, "StructureDefinition", "required"),
    (S, "differential.element.0.path", DROP, "StructureDefinition.differential.element[0]",
     "required"),
    (S, "differential.element.1.min", -1, "StructureDefinition.differential.element[1].min",
     "value"),
    (S, "differential.element.1.max", "0", "StructureDefinition.differential.element[1]",
     "invariant"),
    (S, "differential.element.2.type.0.targetProfile", "x",
     "StructureDefinition.differential.element[2].type[0].targetProfile", "structure"),
    (S, "differential", DROP, "StructureDefinition", "invariant"),
    # What care is made of
    (M, "intent", DROP, "MedicationRequest", "required"),
    (M, "medicationReference", {"reference": "Medication/m"}, "MedicationRequest.medication",
     "structure"),
    (M, "medicationCodeableConcept", DROP, "MedicationRequest", "required"),
    (M, "requester.reference", "Location/1", "MedicationRequest.requester", "value"),
    (M, "dosageInstruction.0.timing.repeat.period", "1",
     "MedicationRequest.dosageInstruction[0].timing.repeat.period", "structure"),
    (M, "dosageInstruction.0.timing.repeat.periodUnit", "day",
     "MedicationRequest.dosageInstruction[0].timing.repeat.periodUnit", "code-invalid"),
    (M, "dosageInstruction.0.timing.repeat.periodUnit", DROP,
     "MedicationRequest.dosageInstruction[0].timing.repeat", "invariant"),
    (M, "dosageInstruction.0.timing.repeat.dayOfWeek.1", "monday",
     "MedicationRequest.dosageInstruction[0].timing.repeat.dayOfWeek[1]", "code-invalid"),
    (M, "dosageInstruction.0.doseAndRate.0.doseQuantity.comparator", "<",
     "MedicationRequest.dosageInstruction[0].doseAndRate[0].dose.comparator", "structure"),
    (M, "dispenseRequest.validityPeriod.end", "2025-01-01",
     "MedicationRequest.dispenseRequest.validityPeriod", "invariant"),
    (E, "class", DROP, "Encounter", "required"),
    (E, "class", [{"code": "AMB"}], "Encounter.class", "structure"),
    (E, "status", "done", "Encounter.status", "code-invalid"),
    (E, "statusHistory.0.period", DROP, "Encounter.statusHistory[0]", "required"),
    (E, "participant.0.individual.reference", "Patient/1", "Encounter.participant[0].individual",
     "value"),
    (E, "location.0.location", {}, "Encounter.location[0].location", "structure"),
    (E, "length.value", "30", "Encounter.length.value", "structure"),
    (E, "length.system", "urn:iso:std:iso:1", "Encounter.length", "invariant"),
    (E, "diagnosis.0.rank", 0, "Encounter.diagnosis[0].rank", "value"),
    (C, "activity.0.detail.status", DROP, "CarePlan.activity[0].detail", "required"),
    (C, "activity.0.reference", {"reference": "Task/1"}, "CarePlan.activity[0]", "invariant"),
    (C, "activity.0.detail.kind", "Observation", "CarePlan.activity[0].detail.kind",
     "code-invalid"),
    (C, "activity.0.detail.scheduledString", "daily", "CarePlan.activity[0].detail.scheduled",
     "structure"),
    (C, "subject.reference", "Practitioner/1", "CarePlan.subject", "value"),
    (C, "instantiatesCanonical", ["a b"], "CarePlan.instantiatesCanonical[0]", "value"),
    (C, "note.0", {"time": "2026"}, "CarePlan.note[0]", "required"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("resource_type", "place", "value", "expression", "code"),
    MUTANTS,
    ids=[f"{number}-{mutant[0]}.{mutant[1]}" for number, mutant in enumerate(MUTANTS)],
)
def test_a_single_fault_is_found_once_at_its_place(
    resource_type: str, place: str, value: object, expression: str, code: str
) -> None:
    issues = validate(damaged(VALID[resource_type], place, value))

    assert [(issue.expression, issue.code) for issue in issues] == [(expression, code)]


@pytest.mark.parametrize("resource_type", VALID)
def test_the_resources_are_valid_before_they_are_damaged(resource_type: str) -> None:
    assert validate(VALID[resource_type]) == []
