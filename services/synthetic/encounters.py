"""The encounters of a synthetic history: visits to a clinic and a stay in hospital."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.synthetic.codes import HL7, SNOMED, coding, concept
from services.synthetic.timeline import instant

if TYPE_CHECKING:
    from datetime import date

    from services.synthetic.places import Clinician
    from services.synthetic.timeline import Timeline
    from shared.fhir.reader import JsonObject

THERAPY: Final = concept("Individual psychotherapy", coding(SNOMED, "18512000"))
FOLLOW_UP: Final = concept("Psychiatric follow-up", coding(SNOMED, "88848003"))
STAY: Final = concept("Inpatient psychiatric stay", coding(SNOMED, "32485007"))

DISPOSITIONS: Final = {
    "home": "Home",
    "alt-home": "Alternative home",
    "aadvice": "Left against advice",
}


def visit(
    subject: JsonObject, condition: JsonObject, clinician: Clinician, day: date
) -> JsonObject:
    """Record an hour in a clinic."""
    kind = FOLLOW_UP if clinician.prescribes else THERAPY
    period = {"start": instant(day, 10), "end": instant(day, 11)}
    return _encounter("AMB", "ambulatory", kind, period) | {
        "subject": subject,
        **_seen_by(clinician),
        "reasonReference": [condition],
    }


def stay(
    subject: JsonObject,
    diagnoses: list[JsonObject],
    clinician: Clinician,
    timeline: Timeline,
    disposition: str,
) -> JsonObject:
    """Record the stay, from admission to discharge."""
    period = {"start": instant(timeline.admitted, 21, 40), "end": instant(timeline.discharged, 11)}
    use = concept("Discharge diagnosis", coding(f"{HL7}/diagnosis-role", "DD"))
    home = coding(f"{HL7}/discharge-disposition", disposition)
    return _encounter("IMP", "inpatient encounter", STAY, period) | {
        "subject": subject,
        **_seen_by(clinician),
        "reasonReference": diagnoses[:1],
        "diagnosis": [
            {"condition": condition, "use": use, "rank": rank}
            for rank, condition in enumerate(diagnoses, start=1)
        ],
        "hospitalization": {"dischargeDisposition": concept(DISPOSITIONS[disposition], home)},
    }


def _encounter(code: str, display: str, kind: JsonObject, period: dict[str, str]) -> JsonObject:
    return {
        "status": "finished",
        "class": coding(f"{HL7}/v3-ActCode", code, display),
        "type": [kind],
        "period": period,
    }


def _seen_by(clinician: Clinician) -> JsonObject:
    return {
        "participant": [{"individual": clinician.reference()}],
        "serviceProvider": clinician.place.reference(),
    }
