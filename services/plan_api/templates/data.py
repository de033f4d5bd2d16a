"""The files of this folder, read, and what everything that is published here says of itself."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import CANONICAL, profile
from shared.fhir.reader import read

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

PUBLISHED: Final[dict[str, Any]] = {
    "status": "active",
    "experimental": False,
    "publisher": "Stepdown",
}
UCUM: Final = "http://unitsofmeasure.org"
_PACKAGE: Final = "services.plan_api.templates"


def file(name: str) -> JsonObject:
    """Read a file of this folder."""
    return read(files(_PACKAGE).joinpath(name).read_bytes())


def headed(resource_type: str, logical_id: str, version: str) -> JsonObject:
    """Begin a resource that is published under an address of ours."""
    url = f"{CANONICAL}/{resource_type}/{logical_id}"
    return PUBLISHED | {
        "resourceType": resource_type,
        "id": logical_id,
        "url": url,
        "version": version,
    }


def extension(name: str, **value: object) -> JsonObject:
    """Write an extension of ours, with its one value."""
    return {"url": profile(name), **value}


def told(name: str, **parts: JsonObject) -> JsonObject:
    """Write an extension of ours with named parts."""
    return {"url": profile(name), "extension": [{"url": n} | v for n, v in parts.items()]}


def weeks(number: int) -> JsonObject:
    """Write a span of weeks."""
    return {"value": number, "unit": "weeks", "system": UCUM, "code": "wk"}
