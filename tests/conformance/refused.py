"""The official R4 examples that break a stated rule, each with its rule.

Every other example of the package hl7.fhir.r4.examples 4.0.1 is accepted. One is added here only
with the rule it breaks and the page that states it.
"""

from __future__ import annotations

from dataclasses import dataclass

R4 = "https://hl7.org/fhir/R4"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an example is refused: the rule, its page, and the (code, expression) of one issue."""

    rule: str
    page: str
    issue: tuple[str, str]


def _missing(element: str, parent: str, page: str) -> Refusal:
    return Refusal(f"{element} is required (1..)", f"{R4}/{page}", ("required", parent))


def _target(place: str, target: str, page: str) -> Refusal:
    rule = f"{place} may not refer to {target}"
    return Refusal(rule, f"{R4}/{page}", ("value", place))


def _invariant(rule: str, place: str, page: str) -> Refusal:
    return Refusal(rule, f"{R4}/{page}", ("invariant", place))


def _blank(resource_type: str) -> Refusal:
    rule = "txt-2: a narrative has some content that is not blank"
    return _invariant(rule, f"{resource_type}.text.div", "narrative.html#inv")


_SDF_4 = _invariant(
    "sdf-4: a structure has a base, unless it is abstract",
    "StructureDefinition",
    "structuredefinition.html#inv",
)
_NO_BASE = _missing("base", "SearchParameter", "searchparameter.html#resource")
_NO_NAME = _missing("name and status", "ImplementationGuide", "implementationguide.html#resource")

# By the name of the file, without .json
REFUSED: dict[str, Refusal] = {
    "Questionnaire-qs1": _missing(
        "linkId", "Questionnaire.item[0].item[0]", "questionnaire.html#resource"
    ),
    "ImplementationGuide-fhir": _NO_NAME,
    "ig-r4": _NO_NAME,
    "SearchParameter-codesystem-extensions-CodeSystem-author": _NO_BASE,
    "SearchParameter-codesystem-extensions-CodeSystem-effective": _NO_BASE,
    "SearchParameter-codesystem-extensions-CodeSystem-end": _NO_BASE,
    "SearchParameter-codesystem-extensions-CodeSystem-keyword": _NO_BASE,
    "SearchParameter-codesystem-extensions-CodeSystem-workflow": _NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-author": _NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-effective": _NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-end": _NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-keyword": _NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-workflow": _NO_BASE,
    "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject": Refusal(
        "an id has at most 64 characters; this one has 67",
        f"{R4}/datatypes.html#id",
        ("value", "SearchParameter.id"),
    ),
    "DeviceMetric-example": _target(
        "DeviceMetric.parent", "DeviceDefinition", "devicemetric.html#resource"
    ),
    "DeviceUseStatement-example": _target(
        "DeviceUseStatement.reasonReference[0]", "Procedure", "deviceusestatement.html#resource"
    ),
    "MedicationRequest-medrx0301": _target(
        "MedicationRequest.dispenseRequest.performer",
        "Practitioner",
        "medicationrequest.html#resource",
    ),
    "Observation-clinical-gender": _target(
        "Observation.performer[0]", "Encounter", "observation.html#resource"
    ),
    "ActivityDefinition-blood-tubes-supply": _blank("ActivityDefinition"),
    "ActivityDefinition-heart-valve-replacement": _blank("ActivityDefinition"),
    "EventDefinition-example": _blank("EventDefinition"),
    "Questionnaire-zika-virus-exposure-assessment": _blank("Questionnaire"),
    "StructureDefinition-Definition": _SDF_4,
    "StructureDefinition-Event": _SDF_4,
    "StructureDefinition-FiveWs": _SDF_4,
    "StructureDefinition-Request": _SDF_4,
    "Bundle-dataelements": _invariant(
        "bdl-7: a fullUrl is unique in a Bundle, or its versions differ",
        "Bundle.entry[6769].fullUrl",
        "bundle.html#inv",
    ),
}
