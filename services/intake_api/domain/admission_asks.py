"""What an admission asks the team for: consents, an interpreter; and when each Task is done.

A Consent answers as long as it is in force, an order once it was given.
https://www.ecfr.gov/current/title-42/part-2 · https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from services.intake_api.domain import clock
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system, profile
from shared.care.consent import permits
from shared.care.episode import WAITING, is_programme
from shared.care.interpreter import languages, needs_interpreter
from shared.care.minors import consents_to_treatment, guardians, is_minor, was_a_guardians
from shared.care.part_2 import is_under_part_2
from shared.care.worklist import due, owner
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = read((files(__package__) / "admission_asks.json").read_bytes())
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
ASKS: Final[Sequence[JsonObject]] = _DATA["asks"]
CODES: Final = ",".join(f"{code_system('task')}|{each['code']}" for each in ASKS)
ORDERS: Final = ",".join(
    f"{code_system('service')}|{each['answer']['service']}"
    for each in ASKS
    if "service" in each["answer"]
)
_OPEN: Final = frozenset(
    {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)
_IN_CARE: Final = ("active", "onhold")
_ORDERED: Final = frozenset({"active", "completed"})
_SAID: Final = frozenset({"output", "statusReason"})
_OVER: Final = {"text": "The episode of care has ended"}


@dataclass(frozen=True, slots=True)
class Admission:
    """An episode of the programme with what decides on its asks, as of a moment there."""

    episode: JsonObject
    patient: JsonObject
    organization: JsonObject
    related: Sequence[JsonObject]
    answers: Sequence[JsonObject]
    now: datetime
    bases: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """Refer to the episode."""
        return f"EpisodeOfCare/{self.episode['id']}"

    @property
    def is_open(self) -> bool:
        """Tell whether the episode waits or is in care."""
        return self.episode["status"] in (*WAITING, *_IN_CARE)

    @property
    def of_a_minor(self) -> bool:
        """Tell whether the person is under age."""
        return is_minor(self.patient, self.now)

    @property
    def guardians(self) -> list[str]:
        """Name the RelatedPersons who stand for a minor."""
        return guardians(self.related, self.now)

    def before(self, written: JsonObject, at: datetime) -> Admission:
        """Give the admission of a moment at which a resource that decides on it was as told."""
        if written["resourceType"] == "Consent":
            return replace(self, answers=[written], now=at)
        if written["resourceType"] == "Patient":
            return replace(self, patient=written, now=at)
        others = [each for each in self.related if each["id"] != written["id"]]
        return replace(self, related=[*others, written], now=at)

    def answer_to(self, ask: JsonObject) -> JsonObject | None:
        """Find what answers an ask; None while nothing does."""
        return next((each for each in self.answers if self._answers(each, ask)), None)

    def _answers(self, resource: JsonObject, ask: JsonObject) -> bool:
        if resource["resourceType"] == "ServiceRequest":
            return is_order(resource, ask) and resource["status"] in _ORDERED
        scope = ask["answer"].get("scope")
        if scope == "treatment" and self.of_a_minor:
            return consents_to_treatment(resource, self.guardians, self.now, self.bases)
        if scope == "treatment" and was_a_guardians(resource, self.patient, self.now):
            return False
        return scope is not None and permits(resource, scope, self.now)


def is_order(request: JsonObject, ask: JsonObject) -> bool:
    """Tell whether a ServiceRequest orders what an ask is for."""
    codings = request.get("code", {}).get("coding", ())
    codes = {each.get("code") for each in codings if each.get("system") == code_system("service")}
    return ask["answer"].get("service", "none") in codes


def begins(before: JsonObject | None, episode: JsonObject, *, minor: bool) -> bool:
    """Tell whether an episode now asks: when somebody is admitted, of a minor when they wait.

    Who is admitted straight to a pause is asked too, for nobody is admitted a second time.

    A minor is admitted with their guardian's consent only, so that it is asked for before.
    """
    if not is_programme(episode):
        return False
    if minor and episode["status"] in WAITING:
        return True
    waited = before is not None and before["status"] in WAITING
    return waited and episode["status"] in _IN_CARE


def lost(earlier: Admission, admission: Admission) -> list[JsonObject]:
    """Find the asks whose answer of earlier is none any more; of adults who wait, none is asked."""
    asked = (*WAITING, *_IN_CARE) if admission.of_a_minor else _IN_CARE
    if admission.episode["status"] not in asked:
        return []
    return [each for each in ASKS if _is_given(each) and earlier.answer_to(each) is not None]


def wanted(admission: Admission, at: str, asks: Sequence[JsonObject] = ASKS) -> list[JsonObject]:
    """Write a Task for each ask that applies and that nothing answers yet."""
    return [
        _task(ask, admission, at)
        for ask in asks
        if _APPLIES[ask["of"]](admission) and admission.answer_to(ask) is None
    ]


def followed(task: JsonObject, admission: Admission, at: str) -> JsonObject | None:
    """Give a Task what its answer and its episode make of it; None leaves it as it is.

    What people have ended themselves is left to them.
    """
    ask = _ask_of(task)
    if not admission.is_open:
        over = {"status": "cancelled", "statusReason": _OVER, "lastModified": at}
        return task | over if task["status"] in _OPEN else None
    answer = admission.answer_to(ask)
    if answer is not None and task["status"] in _OPEN:
        reference = {"reference": f"{answer['resourceType']}/{answer['id']}"}
        output = [{"type": {"text": ask["title"]}, "valueReference": reference}]
        return task | {"status": "completed", "output": output, "lastModified": at}
    if answer is None and _may_be_asked_again(task, ask):
        kept = {k: v for k, v in clock.unmarked(task).items() if k not in _SAID}
        again = {"status": "requested", "lastModified": at, "restriction": due(ask["code"], at)}
        return kept | again
    return None


def _may_be_asked_again(task: JsonObject, ask: JsonObject) -> bool:
    was_given = task["status"] == "completed" and "output" in task
    was_over = task["status"] == "cancelled" and task.get("statusReason") == _OVER
    return was_over or (was_given and _is_given(ask))


def _is_given(ask: JsonObject) -> bool:
    """Tell whether an answer may end: a consent does, an order was given once and for all."""
    return bool(ask["answer"]["type"] == "Consent")


def _ask_of(task: JsonObject) -> JsonObject:
    codes = {each.get("code") for each in task["code"]["coding"]}
    return next(each for each in ASKS if each["code"] in codes)


def _task(ask: JsonObject, admission: Admission, at: str) -> JsonObject:
    spoken = ", ".join(languages(admission.patient)) if ask["code"] == "interpreter" else ""
    return {
        "resourceType": "Task",
        "id": derived_id(admission.reference, ask["code"]),
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": ask["priority"],
        "code": {
            "coding": [{"system": code_system("task"), "code": ask["code"]}],
            "text": ask["title"],
        },
        "description": ask["description"] + (f" Language: {spoken}." if spoken else ""),
        "focus": {"reference": admission.reference},
        "for": admission.episode["patient"],
        "authoredOn": at,
        "executionPeriod": {"start": at},
        "owner": owner(ask["code"], admission.episode.get("team", ())),
        "restriction": due(ask["code"], at),
    }


_APPLIES: Final[dict[str, Callable[[Admission], bool]]] = {
    "everybody": lambda _: True,
    "part-2-programme": lambda admission: is_under_part_2(admission.organization),
    "who-needs-an-interpreter": lambda admission: needs_interpreter(admission.patient),
}
