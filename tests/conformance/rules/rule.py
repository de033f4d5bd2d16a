"""What a rule is: a sentence, the request that obeys it, and the one that does not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypedDict

# Stands in a request for the name that its test gives the resources it looks at.
TOKEN = "TOKEN"
JSON = "application/fhir+json"
JSON_PATCH = "application/json-patch+json"

Headers = dict[str, str]


class Answer(TypedDict, total=False):
    """What may be said of an answer beside its status, as in `Ask`."""

    headers: Headers
    text: str
    code: str


@dataclass(frozen=True)
class Ask:
    """A request, and what its answer must be."""

    method: str
    url: str
    status: int
    body: Any = None
    sent: Headers = field(default_factory=dict)
    # Regular expressions that an answer's headers and its text must match.
    headers: Headers = field(default_factory=dict)
    text: str = ""
    # The code of the first issue of a refusal.
    code: str = ""

    @property
    def writes(self) -> bool:
        return self.status < 400 and self.method not in {"GET", "HEAD"}

    def content(self, token: str) -> bytes | None:
        if self.body is None:
            return None
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.replace(TOKEN, token).encode()


@dataclass(frozen=True)
class Rule:
    """A sentence of the specification, with requests that obey it and requests that do not."""

    says: str
    accepted: tuple[Ask, ...]
    refused: tuple[Ask, ...] = ()


def rule(says: str, *asked: Ask) -> Rule:
    """Sort requests by whether they must be accepted."""
    return Rule(
        says,
        tuple(each for each in asked if each.status < 400),
        tuple(each for each in asked if each.status >= 400),
    )


def patient(id_: str | None = None, **elements: object) -> dict[str, Any]:
    named = {} if id_ is None else {"id": id_}
    return {"resourceType": "Patient"} | named | elements


def identified(value: str, id_: str | None = None, **elements: object) -> dict[str, Any]:
    """A Patient with a business identifier."""
    system = "http://test.example/ids"
    return patient(id_, identifier=[{"system": system, "value": value}], **elements)


def observation(**elements: object) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "mood"},
    } | elements


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind} | ({"entry": list(entries)} if entries else {})


def entry(method: str, url: str, resource: object = None, **more: object) -> dict[str, Any]:
    """An entry of a Bundle; `fullUrl` goes to the entry and all else to its request."""
    full_url = {"fullUrl": more.pop("fullUrl")} if "fullUrl" in more else {}
    held = {} if resource is None else {"resource": resource}
    return full_url | held | {"request": {"method": method, "url": url} | more}
