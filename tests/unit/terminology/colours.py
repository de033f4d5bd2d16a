"""A code system of colours for tests: two levels, one group, one colour out of use."""

from __future__ import annotations

from typing import Any

from shared.fhir.terminology import Holdings, code_system_of

URL = "http://test.example/colours"
_NOT_CHOSEN = {"code": "notSelectable", "valueBoolean": True}
_RETIRED = {"code": "status", "valueCode": "retired"}
_WARM = {"code": "warmth", "valueCode": "warm"}
SYSTEM: dict[str, Any] = {
    "resourceType": "CodeSystem",
    "url": URL,
    "version": "2",
    "name": "Colours",
    "status": "active",
    "content": "complete",
    "caseSensitive": True,
    "property": [{"code": "warmth", "type": "code"}, {"code": "since", "type": "integer"}],
    "concept": [
        {
            "code": "any",
            "display": "Any colour",
            "property": [_NOT_CHOSEN],
            "concept": [
                {
                    "code": "red",
                    "display": "Red",
                    "designation": [{"language": "de", "value": "Rot"}],
                    "property": [_WARM],
                    "concept": [
                        {"code": "crimson", "display": "Crimson red", "property": [_WARM]},
                        {"code": "madder", "display": "Madder", "property": [_WARM, _RETIRED]},
                    ],
                },
                {"code": "blue", "display": "Blue"},
            ],
        },
        # Its place stands in a property, as HL7's own systems have it.
        {"code": "sky", "display": "Sky", "property": [{"code": "parent", "valueCode": "blue"}]},
    ],
}
ALL = ["any", "red", "crimson", "madder", "blue", "sky"]
UNKNOWN = "http://test.example/unknown"


def composed(*include: dict[str, Any], **elements: Any) -> dict[str, Any]:  # noqa: ANN401
    """A value set of these parts."""
    url = elements.pop("url", "http://test.example/vs")
    compose = {"include": list(include), **elements}
    return {"resourceType": "ValueSet", "status": "active", "url": url, "compose": compose}


def whole(url: str = URL) -> dict[str, Any]:
    return {"system": url}


def listed(*codes: str, system: str = URL) -> dict[str, Any]:
    return {"system": system, "concept": [{"code": code} for code in codes]}


def filtered(op: str, value: str, name: str = "concept") -> dict[str, Any]:
    return {"system": URL, "filter": [{"property": name, "op": op, "value": value}]}


def held(*value_sets: dict[str, Any], **elements: object) -> Holdings:
    """What is at hand: the colours, changed as told, and value sets."""
    system = code_system_of(SYSTEM | elements)
    return Holdings({URL: system}, {each["url"]: each for each in value_sets})
