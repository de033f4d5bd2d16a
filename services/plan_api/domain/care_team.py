"""The team of a plan: professionals, peers, and those of the family who take part.

https://hl7.org/fhir/R4/careteam.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import needs
from shared.care.plan_signing import is_excused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.plan_api.domain.application import Application
    from services.plan_api.domain.needs import Known
    from shared.fhir.reader import JsonObject

_PEER: Final = "Peer specialist"
_NAME: Final = "Team of the intensive outpatient programme"
_RELATIONSHIP: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_GUARDIAN: Final = {"system": _RELATIONSHIP, "code": "GUARD"}


def care_team(application: Application, actions: Sequence[JsonObject], known: Known) -> JsonObject:
    """Propose the team."""
    roles: dict[str | None, str] = {
        application.asked_by: "Clinician who planned the care",
        application.practitioner: "Responsible clinician",
        application.organization: "Programme",
    }
    roles.update(_family(application, actions, known))
    more = {each: "Member of the team" for each in application.members if each not in roles}
    by_member = {member: [role] for member, role in (roles | more).items() if member}
    if application.peer_specialist:
        # Who is also of the team otherwise signs for that.
        by_member.setdefault(application.peer_specialist, []).append(_PEER)
    team = {
        "resourceType": "CareTeam",
        "id": application.id_for("care-team"),
        "status": "proposed",
        "name": _NAME,
        "subject": {"reference": application.patient},
        "participant": [
            {"role": [{"text": role} for role in own], "member": {"reference": member}}
            for member, own in by_member.items()
        ],
    }
    optional = {
        "encounter": {"reference": application.encounter} if application.encounter else None,
        "managingOrganization": (
            [{"reference": application.organization}] if application.organization else None
        ),
    }
    return team | {name: value for name, value in optional.items() if value}


def taken_over(prepared: JsonObject, team: JsonObject) -> JsonObject:
    """Let a team that was prepared become the programme's, with those who are in it already."""
    members = prepared.get("participant", [])
    present = [each.get("member") for each in members]
    sign = [each.get("member") for each in members if not is_excused(each)]
    more = [
        each
        for each in team["participant"]
        if each["member"] not in (present if is_excused(each) else sign)
    ]
    return team | prepared | {"name": team["name"], "participant": [*members, *more]}


def _family(
    application: Application, actions: Sequence[JsonObject], known: Known
) -> dict[str, str]:
    """Name guardians, and those of the family whom the person lets take part."""
    consented = {
        each: "Family member, with the person's consent"
        for consent in known.consents
        for each in needs.family_consented(consent, known, application.start)
    }
    return consented | dict.fromkeys(_guardians(application, actions, known), "Guardian")


def _guardians(
    application: Application, actions: Sequence[JsonObject], known: Known
) -> Iterator[str]:
    for person in known.related:
        kinds = [c for each in person.get("relationship", ()) for c in each.get("coding", ())]
        if any(_GUARDIAN.items() <= each.items() for each in kinds):
            yield f"RelatedPerson/{person['id']}"
    # A template for minors says who else stands for one.
    for requirement in (each for action in actions for each in action.get("input", ())):
        if requirement["type"] == "RelatedPerson":
            for person in needs.met(requirement, known, application.start):
                yield f"RelatedPerson/{person['id']}"
