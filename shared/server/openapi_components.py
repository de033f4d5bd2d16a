"""The parts that the paths of the OpenAPI document share: parameters, answers, schemas.

https://spec.openapis.org/oas/v3.1.0#components-object
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.fhir.search.parameters import served_parameters
from shared.server.content import FHIR_JSON

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_TEXT: Final = {"type": "string"}


def reference(kind: str, name: str) -> JsonObject:
    """Point at a shared part."""
    return {"$ref": f"#/components/{kind}/{name}"}


def parameter(
    place: Literal["path", "query", "header"],
    name: str,
    description: str,
    schema: JsonObject | None = None,
) -> JsonObject:
    """Describe a parameter."""
    described = {"name": name, "in": place, "description": description, "schema": schema or _TEXT}
    return described | ({"required": True} if place == "path" else {})


def _answer(description: str, schema: str | None = None, *headers: str) -> JsonObject:
    described: dict[str, Any] = {"description": description}
    if headers:
        described["headers"] = {name: {"schema": _TEXT} for name in headers}
    if schema is not None:
        described["content"] = {FHIR_JSON: {"schema": reference("schemas", schema)}}
    return described


def _resource(*required: str, **properties: JsonObject) -> JsonObject:
    members = {"resourceType": _TEXT, "id": _TEXT, "meta": {"type": "object"}}
    return {
        "type": "object",
        "required": ["resourceType", *required],
        "properties": members | properties,
    }


_ID: Final = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
_PARAMETERS: Final = {
    "id": parameter("path", "id", "The logical id.", _ID),
    "version": parameter("path", "version", "The number of the version.", {"type": "integer"}),
    "if-match": parameter("header", "If-Match", 'Only if this is the current version: W/"3".'),
    "if-none-match": parameter("header", "If-None-Match", "Answer 304 if this is still current."),
    "if-modified-since": parameter("header", "If-Modified-Since", "Answer 304 if not newer."),
    "if-none-exist": parameter("header", "If-None-Exist", "Create only if this finds nothing."),
    "prefer": parameter(
        "header", "Prefer", "return=minimal, return=representation or return=OperationOutcome."
    ),
    "criteria": parameter(
        "query",
        "criteria",
        "Search parameters of the type, each by its own name; at least one.",
        {"type": "object", "additionalProperties": _TEXT},
    ),
    "count": parameter("query", "_count", "How many matches a page holds.", {"type": "integer"}),
    "since": parameter("query", "_since", "Versions that were made at this instant or later."),
    "at": parameter("query", "_at", "Versions that were current at some moment of this time."),
    "sort": parameter("query", "_sort", "Parameters to sort by; - before one is descending."),
    "include": parameter(
        "query", "_include", "References of the matches to follow: Observation:subject."
    ),
    "revinclude": parameter(
        "query", "_revinclude", "References to the matches to follow: Provenance:target."
    ),
    "total": parameter(
        "query", "_total", "Whether to count.", {"enum": ["none", "estimate", "accurate"]}
    ),
    "summary": parameter(
        "query",
        "_summary",
        "How much to show of each resource.",
        {"enum": ["true", "text", "data", "count", "false"]},
    ),
    "elements": parameter("query", "_elements", "The elements to show, with commas between them."),
    "format": parameter("query", "_format", "The form of the answer; JSON is the only one."),
    "pretty": parameter("query", "_pretty", "Indent the answer.", {"type": "boolean"}),
}
_RESPONSES: Final = {
    "resource": _answer("The resource.", "Resource", "ETag", "Last-Modified", "Location"),
    "bundle": _answer("A Bundle of what was found.", "Bundle"),
    "unchanged": _answer("The client already holds the current version."),
    "deleted": _answer("It is not there any more.", None, "ETag"),
    "refusal": _answer("What went wrong, and where.", "OperationOutcome"),
}
_ISSUE: Final = {
    "type": "object",
    "required": ["severity", "code"],
    "properties": {
        "severity": {"enum": ["fatal", "error", "warning", "information"]},
        "code": _TEXT,
        "diagnostics": _TEXT,
        "expression": {"type": "array", "items": _TEXT},
    },
}
_OPERATION: Final = {
    "type": "object",
    "required": ["op", "path"],
    "properties": {
        "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
        "path": _TEXT,
        "from": _TEXT,
        "value": {},
    },
}
_SCHEMAS: Final = {
    "Resource": _resource(),
    "JSONPatch": {"type": "array", "items": _OPERATION, "maxItems": 100},
    "Bundle": _resource(
        "type",
        type=_TEXT,
        total={"type": "integer"},
        link={"type": "array", "items": {"type": "object"}},
        entry={"type": "array", "items": {"type": "object"}},
    ),
    "OperationOutcome": _resource("issue", issue={"type": "array", "items": _ISSUE}),
}


@cache
def components() -> JsonObject:
    """Give all shared parts, among them the search parameters that every type has."""
    of_every_type = {
        code: parameter("query", code, f"{each.description} ({each.type})")
        for code, each in served_parameters("Basic").items()
        if code.startswith("_")
    }
    return {
        "parameters": _PARAMETERS | of_every_type,
        "responses": _RESPONSES,
        "schemas": _SCHEMAS,
    }
