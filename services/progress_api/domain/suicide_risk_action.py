"""What a moderate or low suicide risk on the C-SSRS calls for: one Task for each that is stated.

Where answers leave the risk open, everything is done as for the highest that is possible. A high
one has an alert of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.once import made_once, said_once, transaction, urn
from shared.care import correction
from shared.care.automatic import Act, Policy
from shared.care.canonical import code_system, profile
from shared.care.worklist import owner
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = read((files(__package__) / "suicide_risk_action.json").read_bytes())
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
_ACTIONS: Final[Sequence[JsonObject]] = _DATA["actions"]
_TASK: Final = code_system("task")
CODES: Final = ",".join(f"{_TASK}|{each['code']}" for each in _ACTIONS)
_LOINC: Final = "http://loinc.org"
_RISK: Final = (_LOINC, "93374-7")
_HIGHEST: Final = (code_system("suicide-risk"), "highest")
_HIGH: Final = "LA9193-9"
_STATED: Final = frozenset({"final", "amended", "corrected"})


@dataclass(frozen=True, slots=True)
class Stated:
    """A risk that an Observation states: its version, of whom, on which day and when."""

    observation: JsonObject
    patient_id: str
    day: date
    at: str

    @property
    def reference(self) -> str:
        """Refer to the Observation."""
        return f"Observation/{self.observation['id']}"

    @property
    def versioned(self) -> str:
        """Refer to this version of it."""
        return f"{self.reference}/_history/{self.observation['meta']['versionId']}"

    @property
    def action(self) -> JsonObject | None:
        """Give what the risk calls for; None where it is none of those here."""
        return action_of(self.observation)

    def calls_for(self, task: JsonObject) -> bool:
        """Tell whether a Task is what the risk calls for, of the same person."""
        whose = str(task.get("for", {}).get("reference", ""))
        is_theirs = self.patient_id == whose.rpartition("/")[2]
        code = self.action["code"] if self.action else None
        return is_theirs and (_TASK, code) in _codes(task)


def action_of(observation: JsonObject) -> JsonObject | None:
    """Give what the risk that an Observation states calls for; None where nothing does."""
    if observation.get("status") not in _STATED:
        return None
    told = set(_answers(observation, (_RISK, _HIGHEST)))
    found = (each for each in _ACTIONS if each["answer"] in told)
    return None if _HIGH in told else next(found, None)


def states_risk(observation: JsonObject) -> bool:
    """Tell whether an Observation tells a suicide risk, whatever it is."""
    return bool(_codes(observation) & {_RISK, _HIGHEST}) or any(
        _codes(each) & {_HIGHEST} for each in observation.get("component", ())
    )


def is_action(task: JsonObject) -> bool:
    """Tell whether a Task is one of those that are asked for here."""
    return not {(_TASK, each["code"]) for each in _ACTIONS}.isdisjoint(_codes(task))


def request(stated: Stated, action: JsonObject) -> JsonObject:
    """Ask for the one Task that a risk calls for, and say who did it."""
    cause = f"{stated.reference}/Patient/{stated.patient_id}/{action['code']}"
    task = urn(cause, "task")
    act = Act((task,), (stated.versioned,), stated.at)
    made = made_once(task, _task(stated, action), cause)
    return transaction([made, said_once(POLICY, act, cause)])


def followed(task: JsonObject, stated: Stated | None, source: str, at: str) -> JsonObject | None:
    """Withdraw a Task whose risk was corrected, or ask for it again; None where nothing changes."""
    stands = stated is not None and stated.calls_for(task)
    after = correction.restored(task) if stands else correction.withdrawn(task)
    if after is None or after == task:
        return None
    reference, number = f"Task/{task['id']}", task["meta"]["versionId"]
    request = {"method": "PUT", "url": reference, "ifMatch": f'W/"{number}"'}
    act = Act((reference,), (source,), at, "UPDATE")
    said = said_once(correction.POLICY, act, f"{reference}/{number}/ground")
    return transaction([{"resource": after, "request": request}, said])


def _answers(observation: JsonObject, asked: Sequence[tuple[str, str]]) -> Iterator[str]:
    for each in (observation, *observation.get("component", ())):
        if not _codes(each).isdisjoint(asked):
            codings = each.get("valueCodeableConcept", {}).get("coding", ())
            yield from (e["code"] for e in codings if e.get("system") == _LOINC and "code" in e)


def _codes(element: JsonObject) -> set[tuple[str, str]]:
    codings = element.get("code", {}).get("coding", ())
    return {(each.get("system", ""), each.get("code", "")) for each in codings}


def _task(stated: Stated, action: JsonObject) -> JsonObject:
    is_certain = action["answer"] in _answers(stated.observation, (_RISK,))
    found = "shows" if is_certain else "does not rule out"
    last = stated.day + timedelta(days=int(action["days"]))
    return {
        "resourceType": "Task",
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": action["priority"],
        "code": {"coding": [{"system": _TASK, "code": action["code"]}], "text": action["text"]},
        "description": action["description"].format(found=found),
        "focus": {"reference": stated.reference},
        "for": {"reference": f"Patient/{stated.patient_id}"},
        "authoredOn": stated.at,
        "executionPeriod": {"start": stated.at},
        "owner": owner(action["code"]),
        "restriction": {"period": {"end": last.isoformat()}},
    }
