"""The team of a plan: whoever asked for it, and who was named with it.

https://hl7.org/fhir/R4/careteam.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from services.plan_api.domain.application import Application
    from shared.fhir.reader import JsonObject

_NAME: Final = "Team of the intensive outpatient programme"


def care_team(application: Application) -> JsonObject:
    """Propose the team."""
    roles = {
        application.asked_by: "Clinician who planned the care",
        application.practitioner: "Responsible clinician",
        application.organization: "Programme",
    }
    team = {
        "resourceType": "CareTeam",
        "id": application.id_for("care-team"),
        "status": "proposed",
        "name": _NAME,
        "subject": {"reference": application.patient},
        "participant": [
            {"role": [{"text": role}], "member": {"reference": member}}
            for member, role in roles.items()
            if member
        ],
    }
    optional = {
        "encounter": {"reference": application.encounter} if application.encounter else None,
        "managingOrganization": (
            [{"reference": application.organization}] if application.organization else None
        ),
    }
    return team | {name: value for name, value in optional.items() if value}
