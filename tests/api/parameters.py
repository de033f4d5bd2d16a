"""Builds the Parameters that operations take, and reads those that they answer with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from tests.api.resources import Resource


def given(*parameters: Resource, **values: object) -> Resource:
    """Parameters: whole ones, and values by name and type (`code_valueCode`)."""
    named = [
        {"name": name, key: value}
        for (name, _, key), value in ((each.rpartition("_"), v) for each, v in values.items())
    ]
    return {"resourceType": "Parameters", "parameter": [*parameters, *named]}


def carried(name: str, resource: Resource) -> Resource:
    """A parameter that is a resource."""
    return {"name": name, "resource": resource}


def told(answer: httpx.Response, name: str) -> Any:  # noqa: ANN401
    """The value of a parameter that was answered; None where there is none."""
    assert answer.status_code == 200, answer.text
    assert answer.json()["resourceType"] == "Parameters"
    for each in answer.json().get("parameter", []):
        if each["name"] == name:
            return next(value for key, value in each.items() if key != "name")
    return None
