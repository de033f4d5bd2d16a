"""The beginning and the end of a finished programme: its episode and its handoff.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.synthetic.codes import coding, concept
from services.synthetic.marks import META
from services.synthetic.places import AFTERCARE, PROGRAMME
from services.synthetic.timeline import instant
from shared.care import episode
from shared.care.canonical import profile
from shared.care.referral.task import HANDOFF, business_status

if TYPE_CHECKING:
    from services.synthetic.episodes.programme import Programme
    from services.synthetic.history import History
    from shared.fhir.reader import JsonObject

_AFTERCARE: Final = coding(str(episode.PROGRAMME["system"]), "aftercare")


def episode_of_care(subject: JsonObject, condition: JsonObject, programme: Programme) -> JsonObject:
    """Record the episode with every status that it had."""
    admitted, ended = instant(programme.admitted, 8, 30), instant(programme.ended, 15)
    referred = instant(programme.referred, 12)
    moves = [("planned", referred), ("active", admitted), *_hold(programme), ("finished", ended)]
    return {
        "status": "finished",
        "statusHistory": [
            *(
                {"status": status, "period": {"start": start, "end": end}}
                for (status, start), (_, end) in pairwise(moves)
            ),
            {"status": "finished", "period": {"start": ended}},
        ],
        "type": [concept("Intensive outpatient programme", episode.PROGRAMME)],
        "diagnosis": [{"condition": condition}],
        "patient": subject,
        "managingOrganization": PROGRAMME.reference(),
        "period": {"start": admitted, "end": ended},
    }


def _hold(programme: Programme) -> list[tuple[str, str]]:
    """Tell since when a readmission held the episode, and since when it went on."""
    stay = programme.readmission
    if stay is None:
        return []
    return [
        ("onhold", instant(stay.admitted, 21, 40)),
        ("active", instant(stay.returned, 8, 30)),
    ]


def hand_over(history: History, programme: Programme, episode: JsonObject) -> JsonObject:
    """Add the referral to aftercare and its Task, which the clinic has completed; gives the days.

    The Task stands as it ended: the laws let a handoff be told so whose programme is history too.
    """
    asked_on, closed_on = programme.ended - timedelta(days=7), programme.ended
    asked = {
        "intent": "order",
        "authoredOn": instant(asked_on, 14),
        "requester": programme.clinician,
    }
    referral = asked | {
        "status": "completed",
        "code": concept("Aftercare", _AFTERCARE),
        "subject": history.subject,
        "performer": [AFTERCARE.reference()],
        "supportingInfo": [episode],
    }
    task = asked | {
        "meta": META | {"profile": [profile("stepdown-task")]},
        "status": "completed",
        "businessStatus": business_status("7.0"),
        "priority": "routine",
        "code": concept("Handoff to aftercare", HANDOFF),
        "focus": history.add("ServiceRequest", referral),
        "for": history.subject,
        "reasonReference": episode,
        "owner": AFTERCARE.reference(),
        "executionPeriod": {"start": instant(asked_on, 14), "end": instant(closed_on, 14)},
        "lastModified": instant(closed_on, 14),
    }
    history.add("Task", task)
    return {"asked": asked_on.isoformat(), "closed": closed_on.isoformat()}
