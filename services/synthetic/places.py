"""The organisations and practitioners that every synthetic history refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.synthetic.codes import HL7, NUCC, coding, concept
from services.synthetic.draft import Draft
from services.synthetic.marks import FAMILY_NAME_PREFIX, conditional_reference

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation: `kind` is a code of the FHIR organization-type system."""

    key: str
    name: str
    kind: str
    phone: str

    def reference(self) -> JsonObject:
        """Refer to it from another Bundle."""
        return {"reference": conditional_reference("Organization", self.key), "display": self.name}


@dataclass(frozen=True, slots=True)
class Clinician:
    """A practitioner with one role at one place."""

    key: str
    given: str
    family: str
    role: str
    taxonomy: str
    place: Place

    @property
    def name(self) -> str:
        """Give the name as people read it."""
        return f"{self.given} {FAMILY_NAME_PREFIX}{self.family}"

    @property
    def prescribes(self) -> bool:
        """Whether the role may order medication."""
        return (self.role, self.taxonomy) in PRESCRIBERS

    def reference(self) -> JsonObject:
        """Refer to the practitioner from another Bundle."""
        return {"reference": conditional_reference("Practitioner", self.key), "display": self.name}


HOSPITAL: Final = Place("hospital", "Synthetic Harbor Hospital", "prov", "555-555-0100")
PROGRAMME: Final = Place("programme", "Synthetic Bridge Day Programme", "prov", "555-555-0101")
AFTERCARE: Final = Place("aftercare", "Synthetic Meadow Aftercare", "prov", "555-555-0102")
PAYER: Final = Place("payer", "Synthetic Health Plan", "pay", "555-555-0103")
PLACES: Final = (HOSPITAL, PROGRAMME, AFTERCARE, PAYER)

PSYCHIATRIST: Final = ("Psychiatrist", "2084P0800X")
COUNSELLOR: Final = ("Mental health counselor", "101YM0800X")
SOCIAL_WORKER: Final = ("Clinical social worker", "1041C0700X")
NURSE: Final = ("Psychiatric nurse practitioner", "363LP0808X")
PRESCRIBERS: Final = (PSYCHIATRIST, NURSE)

CLINICIANS: Final = (
    Clinician("clinician-1", "Rowan", "Heron", *PSYCHIATRIST, HOSPITAL),
    Clinician("clinician-2", "Imani", "Finch", *PSYCHIATRIST, HOSPITAL),
    Clinician("clinician-3", "Noor", "Plover", *SOCIAL_WORKER, HOSPITAL),
    Clinician("clinician-4", "Mateo", "Wren", *PSYCHIATRIST, PROGRAMME),
    Clinician("clinician-5", "Saoirse", "Lark", *COUNSELLOR, PROGRAMME),
    Clinician("clinician-6", "Kenji", "Swift", *SOCIAL_WORKER, PROGRAMME),
    Clinician("clinician-7", "Amara", "Dove", *COUNSELLOR, AFTERCARE),
    Clinician("clinician-8", "Elif", "Robin", *NURSE, AFTERCARE),
)


def prescribers_at(place: Place) -> tuple[Clinician, ...]:
    """List who may order medication at a place."""
    return tuple(one for one in CLINICIANS if one.place is place and one.prescribes)


def counsellors_at(place: Place) -> tuple[Clinician, ...]:
    """List who works at a place and does not order medication."""
    return tuple(one for one in CLINICIANS if one.place is place and not one.prescribes)


def places_bundle() -> JsonObject:
    """Make the Bundle that must be loaded before any person's."""
    draft = Draft()
    organisations = {place.key: _add_place(draft, place) for place in PLACES}
    for clinician in CLINICIANS:
        _add_clinician(draft, clinician, organisations[clinician.place.key])
    return draft.bundle()


def _add_place(draft: Draft, place: Place) -> JsonObject:
    kinds = {"prov": "Healthcare Provider", "pay": "Payer"}
    kind = coding(f"{HL7}/organization-type", place.kind, kinds[place.kind])
    content = {
        "active": True,
        "type": [concept(kinds[place.kind], kind)],
        "name": place.name,
        "telecom": [{"system": "phone", "value": place.phone}],
    }
    return draft.add("Organization", place.key, content)


def _add_clinician(draft: Draft, clinician: Clinician, organisation: JsonObject) -> None:
    name = {"family": FAMILY_NAME_PREFIX + clinician.family, "given": [clinician.given]}
    person = draft.add("Practitioner", clinician.key, {"active": True, "name": [name]})
    role = {
        "active": True,
        "practitioner": person,
        "organization": organisation,
        "code": [concept(clinician.role, coding(NUCC, clinician.taxonomy, clinician.role))],
    }
    draft.add("PractitionerRole", clinician.key, role)
