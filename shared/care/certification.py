"""The law of who certifies a plan: a physician, by the qualification that the record knows."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from shared.care.canonical import code_system
from shared.care.law import CareChange, Found, Law, Need
from shared.fhir.errors import Issue
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

_DATA: Final = read(files("shared.care").joinpath("certification_policy.json").read_bytes())
_CERTIFICATION: Final = {"system": code_system("task"), "code": "certification"}
_PRACTITIONER: Final = "Practitioner/"


def a_physician_certifies(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse a certification by anybody who is no physician."""
    if not _certifies(change):
        return
    if not any(_is_physician(each) for some in found for each in some):
        told = (
            "A certification is completed by a physician: a Practitioner named in "
            f"X-Stepdown-Actor with a qualification {' or '.join(_DATA['qualifications'])}."
        )
        yield Issue("error", "forbidden", told, "Task.status")


def _certifies(change: CareChange) -> bool:
    before = change.before or {}
    was = _is_certification(before) and before.get("status") == "completed"
    return _is_certification(change.after) and change.after["status"] == "completed" and not was


def _actor(change: CareChange) -> tuple[Need, ...]:
    caller = change.caller or ""
    if not _certifies(change) or not caller.startswith(_PRACTITIONER):
        return ()
    return (Need("Practitioner", (("_id", caller.removeprefix(_PRACTITIONER)),)),)


def _is_certification(task: JsonObject) -> bool:
    codings = task.get("code", {}).get("coding", ())
    return any(_CERTIFICATION.items() <= each.items() for each in codings)


def _is_physician(practitioner: JsonObject) -> bool:
    return any(
        coding.get("system") == _DATA["system"] and coding.get("code") in _DATA["qualifications"]
        for held in practitioner.get("qualification", ())
        for coding in held.get("code", {}).get("coding", ())
    )


LAWS: Final = (Law("Task", a_physician_certifies, _actor),)
