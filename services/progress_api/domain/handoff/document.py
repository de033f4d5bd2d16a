"""The document Bundle: the Composition, and all that it leads to, each reference resolved inside.

What belongs to anybody else is left out, and only its type is told where it was referred to.
https://hl7.org/fhir/R4/documents.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.disclosure import labels_of
from services.progress_api.domain.handoff.facts import patients_of
from shared.care.canonical import CAUSE
from shared.fhir.reader import read
from shared.fhir.references import Links, parse_reference, references_in
from shared.fhir.writer import write

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from services.progress_api.domain.handoff.handoff import Handoff
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

# Types that are nobody's record, and so tell of nobody else.
AROUND: Final = frozenset(
    {
        "Device",
        "HealthcareService",
        "Location",
        "Medication",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Substance",
    }
)
# Who somebody is, and where they are reached: told as it stands, for who acts on it acts today.
WHO_AND_WHERE: Final = AROUND | {"Patient", "RelatedPerson"}
# What is the person's own, and may be led to without being searched for.
ALONG: Final = frozenset(
    {
        "ClinicalImpression",
        "EpisodeOfCare",
        "Media",
        "QuestionnaireResponse",
        "RiskAssessment",
        "ServiceRequest",
        "Specimen",
    }
)
GOES_ALONG: Final = WHO_AND_WHERE | ALONG
_LEFT_OUT: Final = "not part of this document"

Name = tuple[str, str]


def name_of(resource: JsonObject) -> Name:
    """Name a resource by its type and id."""
    return str(resource["resourceType"]), str(resource["id"])


def led_to(resources: Iterable[JsonObject], bases: tuple[str, ...]) -> set[Name]:
    """Name what resources refer to here."""
    return {target for each in resources for target in Links(each).local_targets(bases)}


def may_go_along(resource: JsonObject, ids: Collection[str], reading: Reading) -> bool:
    """Tell whether a resource may go into a person's document: theirs alone, or nobody's."""
    whose = patients_of(resource, reading)
    return resource["resourceType"] in AROUND or (bool(whose) and set(whose) <= set(ids))


def reached(
    first: Iterable[JsonObject], resources: Iterable[JsonObject], bases: tuple[str, ...]
) -> list[JsonObject]:
    """Choose what some resources lead to among others, step by step."""
    left = {name_of(each): each for each in resources}
    newest, found = list(first), []
    for each in newest:
        left.pop(name_of(each), None)
    while newest:
        newest = [left.pop(name) for name in sorted(led_to(newest, bases)) if name in left]
        found += newest
    return found


def document(
    handoff: Handoff, composition: JsonObject, others: Sequence[JsonObject], reading: Reading
) -> JsonObject:
    """Write the document; the first of `reading.bases` is that of its addresses."""
    whole = [composition, *sorted(others, key=lambda each: _order(each, handoff))]
    inside = {name_of(each) for each in whole}
    base = reading.bases[0]
    return {
        "resourceType": "Bundle",
        "id": handoff.id_of("document"),
        "meta": {"security": labels_of(others)},
        "identifier": {"system": CAUSE, "value": handoff.cause},
        "type": "document",
        "timestamp": handoff.recorded,
        "entry": [
            {
                "fullUrl": "/".join((base, *name_of(each))),
                "resource": _resolved(each, inside, reading.bases),
            }
            for each in whole
        ],
    }


def _order(resource: JsonObject, handoff: Handoff) -> tuple[bool, Name]:
    return name_of(resource) != ("Patient", handoff.patient_id), name_of(resource)


def _resolved(resource: JsonObject, inside: set[Name], bases: tuple[str, ...]) -> JsonObject:
    """Copy a resource with its references resolved inside the document, or only described."""
    copy: JsonObject = read(write(resource))
    for _, reference in references_in(copy, copy["resourceType"]):
        link = parse_reference(reference.get("reference", ""), bases)
        if link.kind != "local" or link.type is None or link.id is None:
            continue
        if (link.type, link.id) in inside:
            reference["reference"] = f"{link.type}/{link.id}"
        else:
            del reference["reference"]
            reference.setdefault("display", f"{link.type}, {_LEFT_OUT}")
    return copy
