"""The OpenAPI document, generated from the definitions that serve the requests.

Pure. What every path shares stands once under `components`, so that 146 types stay readable.
https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.search.parameters import served_parameters
from shared.server.compartments import COMPARTMENTS
from shared.server.content import FHIR_JSON, FORM, JSON_PATCH
from shared.server.openapi_components import components, parameter, reference
from shared.server.served import interactions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject
    from shared.server.definition import Operation, ServiceDefinition

Described = tuple[str, str, "JsonObject"]  # path, method, OpenAPI operation

_INSTANCE: Final = "/fhir/{type}/{{id}}"
_READING: Final = ("format", "pretty")
_WRITING: Final = ("prefer", "format", "pretty")
_SHOWING: Final = ("summary", "elements", *_READING)
_SEARCHING: Final = ("count", "sort", "total", *_SHOWING)
# Of each interaction: path, method, summary, shared parameters, status and body of the answer.
_INTERACTIONS: Final = {
    "search-type": (
        "/fhir/{type}",
        "get",
        "Search {type}",
        (*_SEARCHING, "include", "revinclude"),
        {"200": "bundle"},
    ),
    "create": (
        "/fhir/{type}",
        "post",
        "Create {type}; the server gives the id",
        ("if-none-exist", *_WRITING),
        {"200": "resource", "201": "resource"},
    ),
    "read": (
        _INSTANCE,
        "get",
        "Read the current version of {type}",
        ("id", "if-none-match", "if-modified-since", *_SHOWING),
        {"200": "resource", "304": "unchanged"},
    ),
    "update": (
        _INSTANCE,
        "put",
        "Replace {type}, or create it with this id",
        ("id", "if-match", *_WRITING),
        {"200": "resource", "201": "resource"},
    ),
    "patch": (
        _INSTANCE,
        "patch",
        "Change {type} in part",
        ("id", "if-match", *_WRITING),
        {"200": "resource"},
    ),
    "delete": (_INSTANCE, "delete", "Delete {type}", ("id", "if-match"), {"204": "deleted"}),
    "history-instance": (
        _INSTANCE + "/_history",
        "get",
        "List the versions of {type}, newest first",
        ("id", "since", "at", "count", *_SHOWING),
        {"200": "bundle"},
    ),
    "history-type": (
        "/fhir/{type}/_history",
        "get",
        "List the versions of all {type}, newest first",
        ("since", "at", "count", *_SHOWING),
        {"200": "bundle"},
    ),
    "vread": (
        _INSTANCE + "/_history/{{version}}",
        "get",
        "Read one version of {type}",
        ("id", "version", "if-none-match", "if-modified-since", *_SHOWING),
        {"200": "resource", "304": "unchanged"},
    ),
}
# Criteria in place of an id.
_CONDITIONAL: Final = {
    "update": (
        "put",
        "Replace the one {type} that matches, or create it",
        ("criteria", "if-match", *_WRITING),
        {"200": "resource", "201": "resource"},
    ),
    "patch": (
        "patch",
        "Change the one {type} that matches in part",
        ("criteria", "if-match", *_WRITING),
        {"200": "resource"},
    ),
    "delete": (
        "delete",
        "Delete the one {type} that matches",
        ("criteria", "if-match"),
        {"204": "deleted"},
    ),
}
_RESOURCE: Final = {FHIR_JSON: {"schema": reference("schemas", "Resource")}}
# What each interaction takes as its body, by media type.
_BODIES: Final = {
    "create": _RESOURCE,
    "update": _RESOURCE,
    "patch": {JSON_PATCH: {"schema": reference("schemas", "JSONPatch")}, **_RESOURCE},
}
# A Binary may come as what it holds, of any media type.
_OF_TYPES: Final = {"Binary": {"application/octet-stream": {"schema": {"type": "string"}}}}


def openapi(*definitions: ServiceDefinition, version: str) -> JsonObject:
    """Describe what one service answers, or what several answer at one base."""
    title = definitions[0].title if len(definitions) == 1 else "stepdown"
    paths: dict[str, JsonObject] = {}
    for path, method, described in _all(definitions):
        paths.setdefault(path, {})[method] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "summary": "FHIR R4 (4.0.1) over HTTP.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Relative to where this document is read, so that it is right behind any front door.
        "servers": [{"url": "."}],
        "tags": [{"name": name} for name in _tags(paths)],
        "paths": dict(sorted(paths.items())),
        "components": components(),
    }


def _all(definitions: tuple[ServiceDefinition, ...]) -> Iterator[Described]:
    yield from _of_program()
    yield "/fhir/metadata", "get", _described("Tell what is served", "system", _READING)
    if any(definition.keeps_door for definition in definitions):
        yield from _of_system()
    for definition in definitions:
        for resource_type in definition.types:
            yield from _of_type(resource_type)
        for operation in definition.operations:
            yield from _of_operation(operation)


def _of_system() -> Iterator[Described]:
    whole = _described(
        "List the versions of all resources, newest first",
        "system",
        ("since", "at", "count", *_SHOWING),
        {"200": "bundle"},
    )
    yield "/fhir/_history", "get", whole
    yield "/fhir", "post", _with_body(_described("Run a Bundle", "system", _WRITING))
    types = parameter("query", "_type", "The types to search, parted by commas; all without it.")
    search = _described("Search several types", "system", _SEARCHING, {"200": "bundle"})
    search["operationId"] = "search-system"
    yield "/fhir/_search", "post", _by_form(search)
    search["parameters"].append(types)
    yield "/fhir", "get", search
    for each in COMPARTMENTS:
        around = f"Search what is around one {each}, of several types"
        described = _described(around, each, ("id", *_SEARCHING), {"200": "bundle"})
        described["parameters"].append(types)
        yield f"/fhir/{each}/{{id}}/*", "get", described


def _of_program() -> Iterator[Described]:
    live = {"200": {"description": "The program runs."}}
    ready = {"200": {"description": "Ready."}, "503": {"description": "Not ready, and why."}}
    numbers = {"200": {"description": "Numbers in Prometheus's text format."}}
    for path, summary, responses in (
        ("/health/live", "Tell that the program runs", live),
        ("/health/ready", "Tell whether to send requests here", ready),
        ("/metrics", "Tell what the program counts", numbers),
    ):
        yield path, "get", {"tags": ["program"], "summary": summary, "responses": responses}


def _of_type(resource_type: str) -> Iterator[Described]:
    for interaction in interactions_of(resource_type):
        path, method, summary, parameters, answers = _INTERACTIONS[interaction]
        described = _described(
            summary.format(type=resource_type), resource_type, parameters, answers
        )
        described["operationId"] = f"{resource_type}.{interaction}"
        if interaction in _BODIES:
            _with_body(described, _BODIES[interaction] | _OF_TYPES.get(resource_type, {}))
        if interaction == "search-type":
            yield f"/fhir/{resource_type}/_search", "post", _by_form(described)
            described["parameters"] += _search_parameters(resource_type)
        yield path.format(type=resource_type), method, described
    yield from _conditional(resource_type)


def _conditional(resource_type: str) -> Iterator[Described]:
    for interaction in interactions_of(resource_type):
        if interaction not in _CONDITIONAL:
            continue
        method, summary, parameters, answers = _CONDITIONAL[interaction]
        described = _described(
            summary.format(type=resource_type), resource_type, parameters, answers
        )
        described["operationId"] = f"{resource_type}.conditional-{interaction}"
        if interaction in _BODIES:
            _with_body(described, _BODIES[interaction])
        yield f"/fhir/{resource_type}", method, described


def _by_form(search: JsonObject) -> JsonObject:
    form = {"content": {FORM: {"schema": {"type": "object"}}}}
    summary = f"{search['summary']} by a form, which keeps whom one searches for out of URLs"
    own = {"operationId": f"{search['operationId']}-by-form", "summary": summary}
    return search | own | {"parameters": [], "requestBody": form}


def _of_operation(operation: Operation) -> Iterator[Described]:
    of_instance = operation.level == "instance"
    shared = ("id", *_READING) if of_instance else _READING
    for resource_type in operation.types if operation.level != "system" else ("",):
        steps = ("/fhir", resource_type, "{id}" if of_instance else "", f"${operation.code}")
        path = "/".join(step for step in steps if step)
        tag = resource_type or "system"
        yield path, "post", _with_body(_described(operation.description, tag, shared))
        if not operation.affects_state:
            yield path, "get", _described(operation.description, tag, shared)


def _described(
    summary: str,
    tag: str,
    parameters: Iterable[str],
    answers: JsonObject | None = None,
) -> JsonObject:
    responses = {
        status: reference("responses", name)
        for status, name in (answers or {"200": "resource"}).items()
    }
    return {
        "tags": [tag],
        "summary": summary,
        "parameters": [reference("parameters", name) for name in parameters],
        "responses": responses | {"default": reference("responses", "refusal")},
    }


def _with_body(described: JsonObject, content: JsonObject = _RESOURCE) -> JsonObject:
    described["requestBody"] = {"required": True, "content": content}
    return described


def _search_parameters(resource_type: str) -> list[JsonObject]:
    return [
        reference("parameters", each.code)
        if each.code in components()["parameters"]
        else parameter("query", each.code, f"{each.description} ({each.type})")
        for each in served_parameters(resource_type).values()
    ]


def _tags(paths: dict[str, JsonObject]) -> list[str]:
    found = {
        tag for path in paths.values() for described in path.values() for tag in described["tags"]
    }
    first = [tag for tag in ("system", "program") if tag in found]
    return first + sorted(found - set(first))
