"""Every way in which a client can write a resource, each as one function with one answer."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, NamedTuple

from tests.api.patches import JSON_PATCH, patch_entry
from tests.api.patches import operation as json_operation
from tests.api.resources import SYSTEM, bundle, entry, identified, post, put
from tests.unit.fhir_patch.test_fhirpath_patch import operation, parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.services.person import Resource

    Way = Callable[[httpx.Client, Resource, str], "Answer"]


class Answer(NamedTuple):
    """What became of one write, alone or as an entry, and where it is refused."""

    status: int
    expression: str | None


def _answer(answer: httpx.Response) -> Answer:
    told = answer.json() if answer.content else {}
    return Answer(answer.status_code, _expression(told))


def _expression(outcome: Resource) -> str | None:
    issues = outcome.get("issue", [{}])
    found = issues[0].get("expression", [None])[0]
    return found if isinstance(found, str) else None


def _batched(http: httpx.Client, written: Resource) -> Answer:
    answer = http.post("", json=bundle("batch", written))
    assert answer.status_code == 200, answer.text
    [told] = [each["response"] for each in answer.json()["entry"]]
    return Answer(int(told["status"][:3]), _expression(told.get("outcome", {})))


def _together(http: httpx.Client, written: Resource) -> Answer:
    told = _answer(http.post("", json=bundle("transaction", written)))
    resource_type = written["request"]["url"].partition("/")[0]
    place = (told.expression or "").replace("Bundle.entry[0].resource", resource_type)
    return Answer(told.status, place or None)


def _address(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _new(resource: Resource, status: str) -> Resource:
    made = identified(uuid.uuid4().hex, resource["resourceType"], **resource) | {"status": status}
    return {name: value for name, value in made.items() if name != "id"}


def _by_its_identifier(resource: Resource) -> str:
    return f"identifier={SYSTEM}|{resource['identifier'][0]['value']}"


def _status(resource: Resource, status: str) -> Resource:
    """A FHIRPath Patch of the status."""
    path = f"{resource['resourceType']}.status"
    return parameters(operation("replace", path, value={"valueCode": status}))


def _replaced(status: str) -> Resource:
    return json_operation("replace", "/status", value=status)


def _named(http: httpx.Client, resource: Resource) -> Resource:
    """Give a resource an identifier of its own, to find it by."""
    made = identified(uuid.uuid4().hex, resource["resourceType"], **resource)
    assert http.put(_address(made), json=made).is_success
    return made


# Each takes a client, a resource that tells nothing yet and is stored, and a status. The first make
# another one of it with the status, the others let it have the status.
CREATING: dict[str, Way] = {
    "POST": lambda http, r, s: _answer(http.post(r["resourceType"], json=_new(r, s))),
    "PUT of what is new": lambda http, r, s: _answer(
        http.put(_address(new := _new(r, s) | {"id": uuid.uuid4().hex}), json=new)
    ),
    "conditional create": lambda http, r, s: _answer(
        http.post(
            r["resourceType"],
            json=(new := _new(r, s)),
            headers={"If-None-Exist": _by_its_identifier(new)},
        )
    ),
    "conditional update of what is new": lambda http, r, s: _answer(
        http.put(f"{r['resourceType']}?{_by_its_identifier(new := _new(r, s))}", json=new)
    ),
    "batch POST": lambda http, r, s: _batched(http, post(_new(r, s))),
    "batch PUT of what is new": lambda http, r, s: _batched(
        http, put(_new(r, s) | {"id": uuid.uuid4().hex})
    ),
    "transaction POST": lambda http, r, s: _together(http, post(_new(r, s))),
    "transaction PUT of what is new": lambda http, r, s: _together(
        http, put(_new(r, s) | {"id": uuid.uuid4().hex})
    ),
}
CHANGING: dict[str, Way] = {
    "PUT": lambda http, r, s: _answer(http.put(_address(r), json=r | {"status": s})),
    "conditional update": lambda http, r, s: _answer(
        http.put(
            f"{r['resourceType']}?{_by_its_identifier(named := _named(http, r))}",
            json=named | {"status": s},
        )
    ),
    "JSON Patch": lambda http, r, s: _answer(
        http.patch(
            _address(r), content=json.dumps([_replaced(s)]), headers={"Content-Type": JSON_PATCH}
        )
    ),
    "FHIRPath Patch": lambda http, r, s: _answer(http.patch(_address(r), json=_status(r, s))),
    "conditional patch": lambda http, r, s: _answer(
        http.patch(f"{r['resourceType']}?{_by_its_identifier(_named(http, r))}", json=_status(r, s))
    ),
    "batch PUT": lambda http, r, s: _batched(http, put(r | {"status": s})),
    "batch JSON Patch": lambda http, r, s: _batched(http, patch_entry(_address(r), _replaced(s))),
    "batch FHIRPath Patch": lambda http, r, s: _batched(
        http, entry("PATCH", _address(r), _status(r, s))
    ),
    "transaction PUT": lambda http, r, s: _together(http, put(r | {"status": s})),
    "transaction JSON Patch": lambda http, r, s: _together(
        http, patch_entry(_address(r), _replaced(s))
    ),
    "transaction FHIRPath Patch": lambda http, r, s: _together(
        http, entry("PATCH", _address(r), _status(r, s))
    ),
}
