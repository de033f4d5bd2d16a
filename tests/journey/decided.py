"""A level of care as the record keeps it, for tests whose matter it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain.level_of_care.library import DEFAULT

if TYPE_CHECKING:
    from datetime import datetime

    from tests.services.person import Resource


def recommendation(patient: str, at: datetime) -> Resource:
    """The programme is recommended for a person."""
    outcome = {"name": "outcome", "valueCode": "recommend-iop"}
    trace = {"resourceType": "Parameters", "id": "trace", "parameter": [outcome]}
    return {
        "resourceType": "GuidanceResponse",
        "id": f"decision-{patient.partition('/')[2]}"[:64],
        "contained": [trace],
        "moduleCanonical": DEFAULT.canonical,
        "status": "success",
        "subject": {"reference": patient},
        "occurrenceDateTime": at.isoformat(timespec="milliseconds"),
        "outputParameters": {"reference": "#trace"},
    }
