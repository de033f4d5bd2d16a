"""Stories of evidence that is written, corrected, repeated and merged, and what is left of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from tests.journey import evidence_of_care
from tests.journey.answering import PHQ_9, response
from tests.journey.evidence_of_care import DELETED, SESSIONS, session
from tests.journey.planning import Planned, until
from tests.services.person import HIGH, LOW, Person

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    import httpx

    from tests.services.person import Resource

LOINC: Final = "http://loinc.org"
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PROTECTED: Final = {"security": [{"system": ACT_CODE, "code": "42CFRPart2"}]}
STATED: Final = ("final", "amended", "entered-in-error")
HANDOFF: Final = "$handoff"
DAY: Final = timedelta(days=1)
# What is told of, each with the versions that it may have; the last one written is what counts.
Slots = dict[str, list["Draft"]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A version of a piece of evidence, the same in each world in which it is written."""

    slot: str
    choice: tuple[Any, ...]
    is_deleted: bool = False


class World:
    """A person with a plan in force, somebody else who may be the same, and a clinic."""

    def __init__(self, http: httpx.Client, base: datetime) -> None:
        self.base = base
        self.person = Planned(http)
        self.other = Person(http, in_care=False)
        organization = {"resourceType": "Organization", "id": f"clinic-{self.person.id}"}
        self.clinic = self.person.put(organization | {"name": "Clinic"})
        self.person.activate(self.person.apply(practitioner=self.person.clinician))
        for number in range(len(SESSIONS)):
            self.person.put(session(self, number, "fulfilled"))
        active = {"active"}
        until(lambda: {e["status"] for e in self.person.all("ServiceRequest")} == active)

    def on(self, day: int, minutes: int = 0) -> str:
        moment = self.base - day * DAY + timedelta(minutes=minutes)
        return moment.isoformat(timespec="milliseconds")

    def write(self, draft: Draft) -> None:
        if draft.slot == HANDOFF:
            self._hand_off()
        else:
            kind, _, number = draft.slot.partition("-")
            told = _WRITTEN[kind](self, *draft.choice, number=int(number or 0))
            self.person.put(told)
            if draft.is_deleted:
                self._delete(told)

    def _delete(self, told: Resource) -> None:
        answer = self.person.http.delete(f"{told['resourceType']}/{told['id']}")
        if answer.status_code == HTTPStatus.CONFLICT:
            # What others refer to stays, and is taken back.
            self.person.put(told | {"status": "entered-in-error"})
        else:
            assert answer.is_success, answer.text

    def id_of(self, slot: str) -> str:
        return f"{slot}-{self.person.id.removeprefix('p-')}"

    def subject(self, whose: int = 0) -> Resource:
        return (self.person, self.other)[whose].reference

    def _hand_off(self) -> None:
        recipient = {"reference": f"Organization/{self.clinic['id']}"}
        told = {"name": "recipient", "valueReference": recipient}
        episode = self.person.episode or {}
        answer = self.person.http.post(
            f"EpisodeOfCare/{episode['id']}/$handoff",
            json={"resourceType": "Parameters", "parameter": [told]},
            headers={"X-Stepdown-Actor": self.person.clinician},
        )
        assert answer.is_success, answer.text


def _answers(world: World, total: int, status: str, whose: int, *, number: int) -> Resource:
    counts = {code: min(3, max(0, total - 3 * at)) for at, code in enumerate(PHQ_9[:8])}
    told = response("phq-9", world.subject(whose), world.on(20 - 3 * number), counts)
    return told | {"id": world.id_of(f"answers-{number}"), "status": status}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _risk(world: World, answer: str, status: str, *, number: int) -> Resource:
    told = world.person.risk(answer, status=status, effectiveDateTime=world.on(6))
    return told | {"id": world.id_of(f"risk-{number}")}


def _weight(world: World, value: int, status: str, label: bool, *, number: int) -> Resource:  # noqa: FBT001
    category = f"{CODES}/observation-category"
    return {
        "resourceType": "Observation",
        "id": world.id_of(f"weight-{number}"),
        "status": status,
        "category": [_coded(category, "vital-signs")],
        "code": {"text": "Weight"},
        "subject": world.subject(),
        "effectiveDateTime": world.on(5),
        "valueQuantity": {"value": value, "unit": "kg"},
    } | ({"meta": PROTECTED} if label else {})


CODES: Final = "http://terminology.hl7.org/CodeSystem"


def _verified(clinical: str, verification: str, code: str) -> Resource:
    told = {"verificationStatus": _coded(f"{CODES}/{verification}", code)}
    is_so = {"clinicalStatus": _coded(f"{CODES}/{clinical}", "active")}
    return told | (is_so if code == "confirmed" else {})


def _problem(world: World, verified: str, text: str, *, number: int) -> Resource:
    return {
        "resourceType": "Condition",
        "id": world.id_of(f"problem-{number}"),
        **_verified("condition-clinical", "condition-ver-status", verified),
        "code": {"text": text},
        "subject": world.subject(),
        "onsetDateTime": "2019",
    }


def _allergy(world: World, verified: str, text: str, *, number: int) -> Resource:
    return {
        "resourceType": "AllergyIntolerance",
        "id": world.id_of(f"allergy-{number}"),
        **_verified("allergyintolerance-clinical", "allergyintolerance-verification", verified),
        "code": {"text": text},
        "patient": world.subject(),
    }


def _medicine(world: World, status: str, text: str, *, number: int) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": world.id_of(f"medicine-{number}"),
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": {"text": text},
        "subject": world.subject(),
        "authoredOn": world.on(12),
        "requester": {"reference": world.person.clinician},
    }


def _consent(world: World, status: str, *, number: int) -> Resource:
    clinic = {"reference": f"Organization/{world.clinic['id']}"}
    return {
        "resourceType": "Consent",
        "id": world.id_of(f"consent-{number}"),
        "status": status,
        "scope": _coded(f"{CODES}/consentscope", "patient-privacy"),
        "category": [{"text": "Disclosure"}],
        "patient": world.subject(),
        "policyRule": {"text": "Part 2"},
        "dateTime": world.on(15),
        "provision": {
            "type": "permit",
            "actor": [{"role": {"text": "recipient"}, "reference": clinic}],
            "purpose": [{"code": "TREAT"}],
        },
    }


def _goal(world: World, value: int, *, number: int) -> Resource:
    target = {
        "measure": _coded(LOINC, "44261-6"),
        "detailQuantity": {"comparator": "<", "value": value},
    }
    return {
        "resourceType": "Goal",
        "id": world.id_of(f"goal-{number}"),
        "lifecycleStatus": "active",
        "description": {"text": "Fewer symptoms"},
        "subject": world.subject(),
        "startDate": world.on(18)[:10],
        "target": [target],
    }


def _linked(world: World, is_linked: bool, *, number: int) -> Resource:  # noqa: FBT001
    told: Resource = {"resourceType": "Patient", "id": world.other.id, "active": not is_linked}
    link = [{"other": world.subject(), "type": "replaced-by"}]
    return told | ({"link": link} if is_linked else {})


_WRITTEN: Final[dict[str, Callable[..., Resource]]] = {
    "answers": _answers,
    "risk": _risk,
    "weight": _weight,
    "problem": _problem,
    "allergy": _allergy,
    "medicine": _medicine,
    "consent": _consent,
    "goal": _goal,
    "link": _linked,
    **evidence_of_care.WRITTEN,
}


def told(chance: random.Random) -> Slots:
    """Choose what is told in a story: in each slot some versions, one after the other."""

    def some(slot: str, choose: Callable[[], tuple[Any, ...]]) -> tuple[str, list[Draft]]:
        kind = slot.partition("-")[0]
        drafts = [Draft(slot, choose()) for _ in range(chance.randint(1, 3))]
        if kind in DELETED and chance.random() < 1 / 4:
            drafts.append(replace(drafts[-1], is_deleted=True))
            drafts += [Draft(slot, choose())] * chance.randint(0, 1)
        return slot, drafts

    one = chance.choice
    # A label stays on whatever is written later, so what counts in the end has it too.
    labels = iter([*sorted(one((True, False)) for _ in range(3)), True])
    verified = ("confirmed", "confirmed", "entered-in-error")
    answers = ("completed", "completed", "amended", "entered-in-error", "in-progress")
    return dict(
        (
            *(
                some(
                    f"answers-{number}",
                    lambda: (one((2, 10, 16, 22)), one(answers), one((0, 0, 0, 1))),
                )
                for number in range(4)
            ),
            some("risk", lambda: (one((HIGH, HIGH, LOW)), one(STATED))),
            some("weight", lambda: (one((70, 80)), one(STATED), next(labels))),
            some("problem", lambda: (one(verified), one(("Anxiety", "Panic")))),
            some("allergy", lambda: (one(verified), one(("Penicillin", "Latex")))),
            some("medicine", lambda: (one(("active", "entered-in-error")), one(("A", "B")))),
            some("consent", lambda: (one(("active", "inactive", "entered-in-error")),)),
            some("goal", lambda: (5,)),
            some("link", lambda: (one((True, False)),)),
            *(some(slot, choose) for slot, choose in evidence_of_care.choices(chance).items()),
        )
    )


def in_any_order(slots: Slots, chance: random.Random) -> list[Draft]:
    """Tell everything in any order, each slot in its own, and some of it repeatedly."""
    turns = [slot for slot, drafts in slots.items() for _ in drafts]
    chance.shuffle(turns)
    left = {slot: list(drafts) for slot, drafts in slots.items()}
    story = []
    for slot in turns:
        draft = left[slot].pop(0)
        story += [draft] * chance.choice((1, 1, 2))
    story.insert(chance.randint(0, len(story)), Draft(HANDOFF, ()))
    return story


def alone(slots: Slots) -> list[Draft]:
    """Tell only what counts in the end, once; what was deleted is not told at all."""
    final = (drafts[-1] for drafts in slots.values())
    return [*(each for each in final if not each.is_deleted), Draft(HANDOFF, ())]


_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# An alert is named by the version of the risk that raised it.
_VERSION: Final = re.compile(r"^(Observation/[^/]+)/\d+(?=/)")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d)| \d\d:\d\d)?")
_LOST: Final = frozenset(
    {"entered-in-error", "cancelled", "revoked", "rejected", "unknown", "withdrawn"}
)
_SAME: Final = dict.fromkeys(("amended", "completed", "corrected", "final"), "stands")
_UNSAID: Final = frozenset({"meta", "note", "lastModified", "div", "activity"})
_TYPES: Final = (
    *("Observation", "Goal", "CarePlan", "Flag", "Task", "RiskAssessment", "DetectedIssue"),
    "CommunicationRequest",
)
# What the plan of each world has of its own, before any evidence.
_OWN: Final = frozenset({"Appointment", "ServiceRequest"})


def left(world: World) -> list[str]:
    """Write what stands in the end of what was derived, without ids, times and versions."""
    derived = [("stands", each) for each in _derived(world)]
    packet = [("packet", each) for each in _packet(world)]
    return sorted(f"{where} {_sameness(each, world)}" for where, each in (*derived, *packet))


def _derived(world: World) -> Iterator[Resource]:
    for one in (world.person, world.other):
        for name in _TYPES:
            asked = {"patient": one.id, "_count": "1000"}
            found = world.person.http.get(name, params=asked).json().get("entry", ())
            yield from (e["resource"] for e in found if _stands(e["resource"]))
    cohorts = world.person.http.get("Group", params={"member": f"Patient/{world.person.id}"})
    yield {"resourceType": "Group", "count": len(cohorts.json().get("entry", ()))}


def _packet(world: World) -> list[Resource]:
    [summary] = world.person.all("DocumentReference")
    url = summary["content"][0]["attachment"]["url"]
    document: Resource = world.person.http.get(url).json()
    entries = [each["resource"] for each in document["entry"]]
    told = [each for each in entries if each["resourceType"] not in _OWN]
    return [*told, *entries[0].pop("section")]


def _stands(resource: Resource) -> bool:
    codes = {each.get("code") for each in resource.get("code", {}).get("coding", ())}
    kept = resource.get("status") not in _LOST and not codes & {"correction-review", "sign-off"}
    return kept and (resource["resourceType"] != "CarePlan" or resource["intent"] == "proposal")


def _sameness(resource: Resource, world: World) -> str:
    text = json.dumps(_plain(resource), sort_keys=True).replace(world.other.id, "other")
    return _TIME.sub(lambda found: _moment(found[0], world), _UUID.sub("#", text))


def _moment(text: str, world: World) -> str:
    return "now" if text[:10] >= (world.base - DAY).isoformat()[:10] else text


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _said(name, each) for name, each in value.items() if name not in _UNSAID}
    if isinstance(value, str):
        return _VERSION.sub(r"\1", _UUID.sub("#", value))
    if isinstance(value, list):
        return sorted((_plain(each) for each in value), key=lambda e: json.dumps(e, sort_keys=True))
    return value


def _said(name: str, value: Any) -> Any:  # noqa: ANN401
    if name == "reference" and isinstance(value, str):
        return str(value).partition("/_history/")[0]
    if name == "status":
        return _SAME.get(value, value)
    return _plain(value)


def play(worlds: Sequence[tuple[World, list[Draft]]], chance: random.Random | None) -> None:
    """Play stories beside each other; by chance all that follows a step happens before the next."""
    for step in range(max(len(story) for _, story in worlds)):
        for world, story in worlds:
            if step < len(story):
                world.write(story[step])
        if chance and chance.random() < 1 / 8:
            worlds[0][0].person.pass_time()
