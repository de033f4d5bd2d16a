"""Evidence of how care went: visits, sessions missed, stays, what a payer says, and who it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.journey.evidence import World
    from tests.services.person import Resource

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ICD: Final = "http://hl7.org/fhir/sid/icd-10-cm"
PAYMENT: Final = "https://nahdo.org/sopt"
# How many days ago each session was, at which somebody came or did not.
SESSIONS: Final = (3, 4, 10)


def session(world: World, number: int, status: str) -> Resource:
    """Write a session of the person's."""
    return {
        "resourceType": "Appointment",
        "id": world.id_of(f"session-{number}"),
        "status": status,
        "start": world.on(SESSIONS[number]),
        "end": world.on(SESSIONS[number], minutes=90),
        "participant": [{"actor": world.subject(), "status": "accepted"}],
    }


def _visit(world: World, minutes: int, status: str, whose: int, *, number: int) -> Resource:
    times = {
        "start": world.on(SESSIONS[number]),
        "end": world.on(SESSIONS[number], minutes=minutes),
    }
    kept = [{"reference": f"Appointment/{world.id_of(f'session-{number}')}"}]
    return _seen(world, f"visit-{number}", "AMB", status, whose) | {
        "appointment": kept,
        "period": times,
    }


def _seen(world: World, name: str, kind: str, status: str, whose: int = 0) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": world.id_of(name),
        "status": status,
        "class": {"system": ACT_CODE, "code": kind},
        "subject": world.subject(whose),
    }


def _emergency(world: World, day: int, code: str, status: str, *, number: int) -> Resource:
    reason = [{"coding": [{"system": ICD, "code": code}]}]
    times = {"start": world.on(day), "end": world.on(day, minutes=200)}
    told = _seen(world, f"emergency-{number}", "EMER", status)
    return told | {"reasonCode": reason, "period": times}


def _stay(world: World, day: int, code: str, status: str, *, number: int) -> Resource:
    reason = [{"coding": [{"system": ICD, "code": code}]}]
    told = _seen(world, f"stay-{number}", "IMP", status)
    times = {"start": world.on(day + 3), "end": world.on(day)}
    return told | {"reasonCode": reason, "period": times}


def _missed(world: World, status: str, *, number: int) -> Resource:
    return session(world, number, status)


def _coverage(world: World, status: str, kind: str, *, number: int) -> Resource:
    return {
        "resourceType": "Coverage",
        "id": world.id_of(f"coverage-{number}"),
        "status": status,
        "type": {"coding": [{"system": PAYMENT, "code": kind}]},
        "beneficiary": world.subject(),
        "payor": [{"display": "A payer"}],
    }


def _claim(
    world: World, units: int, days: int, status: str, whose: int, *, number: int
) -> Resource:
    last = (world.base + timedelta(days=days)).date().isoformat()
    return {
        "resourceType": "ClaimResponse",
        "id": world.id_of(f"claim-{number}"),
        "status": status,
        "type": {"text": "Programme"},
        "use": "preauthorization",
        "patient": world.subject(whose),
        "created": world.on(20)[:10],
        "insurer": {"display": "A payer"},
        "outcome": "complete",
        "preAuthPeriod": {"start": world.on(20)[:10], "end": last},
        "addItem": [
            {
                "productOrService": {"text": "Days"},
                "quantity": {"value": units},
                "adjudication": [{"category": {"text": "Granted"}}],
            }
        ],
    }


def _who(world: World, birth: str, family: str, *, number: int) -> Resource:
    name = [{"family": family}]
    told = {"resourceType": "Patient", "id": world.person.id, "birthDate": birth}
    return told | {"name": name}


def _clinic(world: World, name: str, *, number: int) -> Resource:
    return {"resourceType": "Organization", "id": world.clinic["id"], "name": name}


WRITTEN: Final[dict[str, Callable[..., Resource]]] = {
    "visit": _visit,
    "missed": _missed,
    "emergency": _emergency,
    "stay": _stay,
    "coverage": _coverage,
    "claim": _claim,
    "who": _who,
    "clinic": _clinic,
}
DELETED: Final = frozenset({"claim", "coverage", "emergency", "stay", "visit", "weight"})


def choices(chance: random.Random) -> dict[str, Callable[[], tuple[Any, ...]]]:
    """Say by slot how a version of it is chosen."""
    one = chance.choice
    taken_back = ("finished", "finished", "entered-in-error")
    in_force = ("active", "active", "entered-in-error")
    whose = (0, 0, 0, 1)
    return {
        "visit-0": lambda: (one((60, 90)), one(taken_back), one(whose)),
        "visit-1": lambda: (one((30, 90)), one(taken_back), one(whose)),
        "missed-2": lambda: (one(("noshow", "noshow", "fulfilled", "cancelled")),),
        "emergency-0": lambda: (one((2, 5)), one(("F32.1", "F10.2", "J06")), one(taken_back)),
        "stay-0": lambda: (one((6, 12)), one(("F33.1", "F11.2")), one(taken_back)),
        "coverage": lambda: (one(in_force), one(("111", "5"))),
        "claim": lambda: (one((2, 3, 30)), one((4, 60)), one(("active", "cancelled")), one(whose)),
        "who": lambda: (one(("1980-02-03", "1980-03-02")), one(("Maier", "Meyer"))),
        "clinic": lambda: (one(("Clinic", "The clinic")),),
    }
