"""A handoff as its Task tells of it, and its document written anew because of a correction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.document import GOES_ALONG
from services.progress_api.domain.handoff.handoff import Handoff
from shared.care.automatic import Act, Policy, derived_id, provenance
from shared.care.canonical import CAUSE
from shared.fhir.dates import date_range, moment
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from services.progress_api.domain.handoff.written import Written
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "packet-follows-its-evidence", "1.3", "Amends the packet of a handoff that is open"
)
# What an earlier version of the policy wrote is ours as well.
POLICIES: Final = (POLICY, *(replace(POLICY, version=each) for each in ("1.2", "1.1", "1.0")))


def cause_of(task: JsonObject) -> str | None:
    """Name the handoff that a Task is of; None where $handoff has not made it."""
    told = (each for each in task.get("identifier", ()) if each.get("system") == CAUSE)
    causes = (str(each.get("value", "")) for each in told)
    return next((each for each in causes if derived_id(each, "task") == task["id"]), None)


def handoff_told(
    task: JsonObject, episode: JsonObject, document: JsonObject, zone: tzinfo
) -> Handoff | None:
    """Give a handoff as it was made; None where its Task was not made by $handoff."""
    cause = cause_of(task)
    if cause is None or not cause.startswith(f"EpisodeOfCare/{episode['id']}/handoff/"):
        return None
    reasons = (each.get("text") for each in referral_in(document).get("reasonCode", ()))
    return Handoff(
        episode,
        str(task["for"]["reference"]).rpartition("/")[2],
        str(task["requester"]["reference"]),
        str(task["owner"]["reference"]),
        reason=next(reasons, None),
        number=int(cause.rpartition("/")[2]),
        now=moment(date_range(document["timestamp"])[0]),
        zone=zone,
    )


def referral_in(document: JsonObject) -> JsonObject:
    """Give the referral that a document was sent with."""
    resources = (each["resource"] for each in document["entry"])
    return next((e for e in resources if e["resourceType"] == "ServiceRequest"), {})


def replaced(referral: JsonObject) -> list[JsonObject]:
    """Give the referrals that one replaces, as far as it names them."""
    named = (str(each.get("reference", "")) for each in referral.get("replaces", ()))
    return [
        {"resourceType": "ServiceRequest", "id": each.rpartition("/")[2]} for each in named if each
    ]


def as_amended(document: JsonObject) -> JsonObject:
    """Let a document say that it was amended."""
    [first, *others] = document["entry"]
    composition = first["resource"] | {"status": "amended"}
    return document | {"entry": [first | {"resource": composition}, *others]}


def tells_as_much(stored: JsonObject, document: JsonObject) -> bool:
    """Tell whether a stored document tells what another one would.

    Labels that it had once it keeps: whoever has an earlier version must protect it.
    """
    labels = stored["meta"].get("security", ())
    return canonical(as_amended(stored)["entry"]) == canonical(document["entry"]) and all(
        each in labels for each in document["meta"].get("security", ())
    )


def along_since(document: JsonObject, since: datetime) -> dict[str, datetime]:
    """Name the versions that go along with what a document tells, written since an instant."""
    told = (each["resource"] for each in document["entry"])
    metas = {f"{e['resourceType']}/{e['id']}": e.get("meta", {}) for e in told}
    written = {
        f"{name}/_history/{meta['versionId']}": datetime.fromisoformat(meta["lastUpdated"])
        for name, meta in metas.items()
        if "lastUpdated" in meta and name.partition("/")[0] in GOES_ALONG
    }
    return {name: updated for name, updated in written.items() if updated > since}


def learnt_along(stored: JsonObject, document: JsonObject, since: datetime) -> list[str]:
    """Name the versions that go along now, written since an instant, and did not before."""
    known = along_since(stored, since)
    return [each for each in along_since(document, since) if each not in known]


def sources(learnt: Sequence[str], written: Written) -> list[str]:
    """Name what a packet is amended because of: what was learnt since, and what is not there."""
    is_told = any(each.partition("/_history/")[0] == written.name for each in learnt)
    is_packet = written.name.startswith("Bundle/")
    is_beside = is_packet or written.is_new
    return sorted({*learnt} if is_told or (is_beside and learnt) else {*learnt, written.reference})


def writing(resource: JsonObject, number: int, sources: Sequence[str], recorded: str) -> JsonObject:
    """Have a later version written over the one that was read, and say because of what."""
    name = f"{resource['resourceType']}/{resource['id']}"
    said = derived_id(f"{name}/{number}", "amended")
    told = provenance(POLICY, Act([name], sources, recorded, "UPDATE")) | {"id": said}
    over: JsonObject = {"method": "PUT", "url": name, "ifMatch": f'W/"{number}"'}
    beside: JsonObject = {"method": "PUT", "url": f"Provenance/{said}"}
    return _transaction((derived_id(name, "amended"), resource, over), (said, told, beside))


def beginning(
    clock: JsonObject, focus: JsonObject, sources: Sequence[str], recorded: str
) -> JsonObject:
    """Have a clock begin with another visit, whatever else becomes of it meanwhile."""
    name = f"Task/{clock['id']}"
    said = derived_id(f"{name}/{clock['meta']['versionId']}", "begins with another visit")
    told = provenance(POLICY, Act([name], sources, recorded, "UPDATE")) | {"id": said}
    replaced = (("type", "Code", "replace"), ("path", "String", "Task.focus"))
    parts: list[JsonObject] = [
        {"name": part, f"value{kind}": value} for part, kind, value in replaced
    ]
    parts.append({"name": "value", "valueReference": focus})
    patch: JsonObject = {
        "resourceType": "Parameters",
        "parameter": [{"name": "operation", "part": parts}],
    }
    over: JsonObject = {"method": "PATCH", "url": name}
    beside: JsonObject = {"method": "PUT", "url": f"Provenance/{said}"}
    return _transaction((derived_id(name, "begins"), patch, over), (said, told, beside))


def _transaction(*requests: tuple[str, JsonObject, JsonObject]) -> JsonObject:
    entries = [
        {"fullUrl": f"urn:uuid:{each}", "resource": written, "request": request}
        for each, written, request in requests
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
