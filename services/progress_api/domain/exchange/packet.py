"""One transaction that brings a referral to another server, and changes nothing a second time.

Each resource is created only where the partner has none by the same identifier: the person's and
the organizations' own, and for what we have made, its address here.
https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from services.progress_api.domain.exchange.policy import OF
from shared.care.canonical import CAUSE
from shared.care.elsewhere import URI, known_as

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_RESERVED: Final = str.maketrans({each: f"\\{each}" for each in "\\,|$"})


@dataclass(frozen=True, slots=True)
class Sent:
    """All that a partner is told: the Task and what it refers to here; and both FHIR bases."""

    here: str
    there: str
    task: JsonObject
    request: JsonObject
    patient: JsonObject
    owner: JsonObject
    requester: JsonObject | None
    summary: JsonObject | None
    document: JsonObject | None


def packet(sent: Sent) -> JsonObject:
    """Write the transaction."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": _Packet(sent).entries()}


def amended(document: JsonObject, here: str) -> tuple[str, JsonObject]:
    """Write a later version of a document, and where the partner's server has the earlier one."""
    name = {"system": CAUSE, "value": f"{here}/{_path(document)}"}
    condition = f"{_escaped(name['system'])}|{_escaped(name['value'])}"
    kept = {k: v for k, v in document.items() if k != "id"}
    return f"Bundle?identifier={quote(condition)}", kept | {"identifier": name}


class _Packet:
    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._entries: list[JsonObject] = []

    def entries(self) -> list[JsonObject]:
        sent = self._sent
        patient = self._party(sent.patient, "ofPatient")
        owner = self._party(sent.owner, "ofOrganization")
        organization = self._party(sent.requester, "ofOrganization") if sent.requester else {}
        # Whoever asked lives here, whatever stands for them there.
        asked_by = self._address(sent.task["requester"]["reference"])
        requester = organization | {"identifier": known_as(asked_by)}
        request = _some(sent.request, "ofReferral") | {"subject": patient, "requester": requester}
        task = _some(sent.task, "ofTask") | {"requester": requester, "owner": owner}
        task["for"] = self._named(patient, sent.patient)
        task["focus"] = self._named(self._made(sent.request, request), sent.request)
        if sent.summary and sent.document:
            summary = self._summary(sent.summary, sent.document, patient)
            task["input"] = [{"type": sent.summary["type"], "valueReference": summary}]
        self._made(sent.task, task)
        return self._entries

    def _summary(
        self, summary: JsonObject, document: JsonObject, patient: JsonObject
    ) -> JsonObject:
        address = self._address(_path(document))
        # A document is known by its one identifier, which must be no other server's.
        copy = document | {"identifier": {"system": CAUSE, "value": address}}
        kept = self._entry(document, copy, [copy["identifier"]])
        attachment = summary["content"][0]["attachment"] | {"url": kept["reference"]}
        told = _some(summary, "ofDocument") | {"subject": patient}
        return self._made(summary, told | {"content": [{"attachment": attachment}]})

    def _party(self, resource: JsonObject, elements: str) -> JsonObject:
        """Refer to a person or an organization, by the partner's own name where it is known."""
        names = [
            each
            for each in resource.get("identifier", ())
            if each.get("system") and each.get("value")
        ]
        below = f"{self._sent.there}/"
        for each in names:
            if each["system"] == URI and each["value"].startswith(below):
                return {"reference": each["value"].removeprefix(below)}
        names.append(known_as(self._address(_path(resource))))
        return self._entry(resource, _some(resource, elements) | {"identifier": names}, names)

    def _made(self, resource: JsonObject, told: JsonObject) -> JsonObject:
        name = known_as(self._address(_path(resource)))
        return self._entry(resource, told | {"identifier": [name]}, [name])

    def _entry(self, resource: JsonObject, told: JsonObject, names: list[Any]) -> JsonObject:
        urn = f"urn:uuid:{uuid5(NAMESPACE_URL, self._address(_path(resource)))}"
        kind = resource["resourceType"]
        condition = ",".join(f"{_escaped(e['system'])}|{_escaped(e['value'])}" for e in names)
        request = {"method": "POST", "url": kind, "ifNoneExist": f"identifier={quote(condition)}"}
        written = {"resourceType": kind} | {k: v for k, v in told.items() if k != "id"}
        self._entries.append({"fullUrl": urn, "resource": written, "request": request})
        return {"reference": urn}

    def _named(self, reference: JsonObject, resource: JsonObject) -> JsonObject:
        return reference | {"identifier": known_as(self._address(_path(resource)))}

    def _address(self, path: str) -> str:
        return f"{self._sent.here}/{path}"


def _some(resource: JsonObject, elements: str) -> JsonObject:
    return {name: resource[name] for name in OF[elements] if name in resource}


def _path(resource: JsonObject) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _escaped(text: str) -> str:
    return text.translate(_RESERVED)
