"""The Task that asks a person for a measure, and the transactions that open and settle it.

What opens a Task is a function of the window alone, so that asking again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.measures.policy import POLICY
from shared.care.automatic import Act, derived_id, provenance
from shared.care.canonical import CAUSE, code_system, profile
from shared.store.version import instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.progress_api.domain.measures.policy import Instrument
    from services.progress_api.domain.measures.windows import Window
    from shared.fhir.reader import JsonObject

CODE: Final = {"system": code_system("task"), "code": "measure"}


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure that is due: of whose episode, by which instrument, in which window.

    `plan` is the CarePlan by which it is asked, where there is one.
    """

    episode_id: str
    patient_id: str
    instrument: Instrument
    window: Window
    plan: str | None = None

    @property
    def cause(self) -> str:
        """Name the Task, the same at every repetition."""
        window, instrument = self.window, self.instrument.questionnaire
        episode = f"EpisodeOfCare/{self.episode_id}"
        return f"{episode}/measure/{window.phase}/{instrument}/{window.first}"


@dataclass(frozen=True, slots=True)
class Cause:
    """What the name of a Task tells: whose measure it is, of which phase, and which, since when."""

    episode_id: str
    phase: str
    questionnaire: str
    first: date


def causes(task: JsonObject) -> list[str]:
    """Name what caused a Task."""
    identifiers = task.get("identifier", ())
    return [str(each.get("value")) for each in identifiers if each.get("system") == CAUSE]


def cause_of(task: JsonObject) -> Cause | None:
    """Read whose measure a Task asks for; None if it is none of ours."""
    codings = task.get("code", {}).get("coding", ())
    if not any({name: each.get(name) for name in CODE} == CODE for each in codings):
        return None
    for name in causes(task):
        match name.split("/"):
            case ["EpisodeOfCare", episode_id, "measure", phase, asked, first] if _is_day(first):
                return Cause(episode_id, phase, asked, date.fromisoformat(first))
    return None


def _is_day(text: str) -> bool:
    # Whoever writes a Task may write any cause.
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_measure(task: JsonObject) -> bool:
    """Tell whether a Task asks for a measure of ours."""
    return cause_of(task) is not None


def opening(measures: Iterable[Measure]) -> JsonObject:
    """Ask for the Tasks that do not exist yet, and say who did it."""
    return _transaction(entry for each in measures for entry in _opened(each))


def settling(before: JsonObject, after: JsonObject, sources: list[str], now: str) -> JsonObject:
    """Ask for a Task to be changed from what was read, and say who did it."""
    reference, number = f"Task/{before['id']}", before["meta"]["versionId"]
    act = Act([reference], [f"{reference}/_history/{number}", *sources], now, "UPDATE")
    changed = {
        "fullUrl": f"urn:uuid:{derived_id(f'{reference}/{number}', 'settled')}",
        "resource": after,
        "request": {"method": "PUT", "url": reference, "ifMatch": f'W/"{number}"'},
    }
    return _transaction([changed, _said(f"{reference}/{number}", act)])


def _opened(measure: Measure) -> list[dict[str, Any]]:
    full_url = f"urn:uuid:{derived_id(measure.cause, 'task')}"
    source = f"EpisodeOfCare/{measure.episode_id}/_history/{measure.window.source}"
    request = {
        "method": "POST",
        "url": "Task",
        "ifNoneExist": f"identifier={CAUSE}|{measure.cause}",
    }
    task = {"fullUrl": full_url, "resource": _task(measure), "request": request}
    act = Act([full_url], [source], instant(measure.window.opens))
    return [task, _said(measure.cause, act)]


def _task(measure: Measure) -> JsonObject:
    window, person = measure.window, {"reference": f"Patient/{measure.patient_id}"}
    plan = {"basedOn": [{"reference": measure.plan}]} if measure.plan else {}
    return plan | {
        "resourceType": "Task",
        "meta": {"profile": [profile("stepdown-task")]},
        "identifier": [{"system": CAUSE, "value": measure.cause}],
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [CODE], "text": f"Answer the {measure.instrument.title}"},
        "focus": {"reference": f"Questionnaire/{measure.instrument.questionnaire}"},
        "for": person,
        "authoredOn": instant(window.opens),
        "executionPeriod": {"start": instant(window.opens)},
        "owner": person,
        "reasonReference": {"reference": f"EpisodeOfCare/{measure.episode_id}"},
        "restriction": {
            "period": {"start": window.first.isoformat(), "end": window.last.isoformat()}
        },
    }


def _said(cause: str, act: Act) -> dict[str, Any]:
    said = derived_id(cause, "provenance")
    return {
        "fullUrl": f"urn:uuid:{said}",
        "resource": provenance(POLICY, act) | {"id": said},
        "request": {"method": "PUT", "url": f"Provenance/{said}"},
    }


def _transaction(entries: Iterable[dict[str, Any]]) -> JsonObject:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
