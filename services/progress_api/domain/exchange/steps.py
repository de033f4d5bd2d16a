"""A step that one party took here, as the other's server is told it: a patch of the Task there.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from services.progress_api.domain.exchange.policy import OF
from shared.care.automatic import derived_id
from shared.care.elsewhere import URI, address_of, known_as, lives_elsewhere
from shared.care.referral import machine, plain
from shared.care.referral.task import business_status, is_referral, is_tracked, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.care.referral.machine import Party
    from shared.fhir.reader import JsonObject


def is_shared(task: JsonObject) -> bool:
    """Tell whether a Task is a referral between here and another server."""
    parties = (task.get("requester", {}), task.get("owner", {}))
    return is_referral(task) and any(map(lives_elsewhere, parties))


def own_party(task: JsonObject) -> Party:
    """Tell as which party of a shared Task this server's people act."""
    return "initiator" if lives_elsewhere(task.get("owner", {})) else "recipient"


def is_sent(before: JsonObject | None, after: JsonObject) -> bool:
    """Tell whether somebody here has asked somebody elsewhere just now."""
    sent = ("requested", "received")
    was_sent = before is not None and before["status"] in sent
    return after["status"] in sent and not was_sent and own_party(after) == "initiator"


def is_own_step(before: JsonObject | None, after: JsonObject) -> bool:
    """Tell whether a party here has taken a step, which the other has to be told."""
    if before is None or is_sent(before, after) or before["status"] == "draft":
        return False
    if state_of(before) == state_of(after):
        return before.get("output") != after.get("output") and own_party(after) == "recipient"
    if is_tracked(after):
        steps = machine.between(state_of(before), state_of(after))
        return any(each.actor == own_party(after) for each in steps)
    return own_party(after) in plain.may_set(after["status"])


def path_there(task: JsonObject, here: str, there: str) -> str | None:
    """Name a shared Task as the other server finds it."""
    if own_party(task) == "initiator":
        address = f"{here}/Task/{task['id']}"
        return f"Task?identifier={quote(f'{URI}|{address}')}"
    return next((each for each in _addresses(task, there) if each.startswith("Task/")), None)


def patch(task: JsonObject, outputs: list[JsonObject]) -> list[JsonObject]:
    """Write what a step changes."""
    told: dict[str, Any] = {"status": task["status"]}
    if is_tracked(task):
        told["businessStatus"] = business_status(state_of(task).business or "")
    if "statusReason" in task:
        told["statusReason"] = task["statusReason"]
    if outputs:
        told["output"] = outputs
    return [{"op": "add", "path": f"/{name}", "value": value} for name, value in told.items()]


def output(
    told: JsonObject, found: JsonObject | None, visit: JsonObject | None, here: str
) -> JsonObject:
    """Write an output as the other server can read it: a visit that goes along, or a time."""
    kept = {"type": told["type"]}
    if visit is not None:
        return kept | {"valueReference": {"reference": f"Encounter/{visit['id']}"}}
    if found is not None and found["resourceType"] == "Appointment" and "start" in found:
        return kept | {"valueDateTime": found["start"]}
    if "valueReference" in told:
        address = f"{here}/{told['valueReference'].get('reference', '')}"
        return kept | {"valueReference": {"identifier": known_as(address)}}
    return told


def visit(encounter: JsonObject, task: JsonObject, here: str, there: str) -> JsonObject | None:
    """Copy a visit for the server that asked for it; None where it does not know the person."""
    person, request = (_below(task[each], there) for each in ("for", "focus"))
    if person is None or request is None or encounter["resourceType"] != "Encounter":
        return None
    address = f"{here}/Encounter/{encounter['id']}"
    kept = {name: encounter[name] for name in OF["ofVisit"] if name in encounter}
    return {
        "resourceType": "Encounter",
        "id": derived_id(address, "visit"),
        "identifier": [known_as(address)],
        **kept,
        "subject": {"reference": person},
        "basedOn": [{"reference": request}],
    }


def _addresses(task: Mapping[str, Any], there: str) -> list[str]:
    named = ({"identifier": each} for each in task.get("identifier", ()))
    return [found for each in named if (found := _below(each, there))]


def _below(reference: JsonObject, base: str) -> str | None:
    address = address_of(reference) or ""
    return address.removeprefix(f"{base}/") if address.startswith(f"{base}/") else None
