"""The programme's templates, published in the record: a PlanDefinition and what it is made of."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import CANONICAL, code_system
from shared.fhir.reader import read

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_SNOMED: Final = "http://snomed.info/sct"
_SERVICE: Final = code_system("service")
_PUBLISHED: Final[dict[str, Any]] = {
    "status": "active",
    "experimental": False,
    "publisher": "Stepdown",
}


def _file(name: str) -> JsonObject:
    return read(files(__name__).joinpath(name).read_bytes())


_DATA: Final = _file("services.json")


def _activity_definition(service: JsonObject) -> JsonObject:
    """Define a service: its own code beside that of SNOMED CT, where there is one."""
    codes = [{"system": _SERVICE, "code": service["id"], "display": service["title"]}]
    if "snomed" in service:
        codes.insert(0, {"system": _SNOMED, "code": service["snomed"]})
    definition = _PUBLISHED | {
        "resourceType": "ActivityDefinition",
        "id": service["id"],
        "url": f"{CANONICAL}/ActivityDefinition/{service['id']}",
        "version": _DATA["version"],
        "name": service["title"].title().replace(" ", ""),
        "title": service["title"],
        "topic": [{"coding": [{"system": _SERVICE, "code": service["setting"]}]}],
        "kind": "ServiceRequest",
        "code": {"coding": codes, "text": service["title"]},
    }
    return definition | ({"usage": service["usage"]} if "usage" in service else {})


def _code_system() -> JsonObject:
    concepts = [{"code": each["id"], "display": each["title"]} for each in _DATA["services"]]
    return _PUBLISHED | {
        "resourceType": "CodeSystem",
        "id": "service",
        "url": _SERVICE,
        "version": _DATA["version"],
        "name": "Service",
        "title": "Services of an intensive outpatient programme",
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts) + len(_DATA["settings"]),
        "concept": [*concepts, *_DATA["settings"]],
    }


ADULT: Final = _file("iop-adult.json")
ACTIVITIES: Final = tuple(_activity_definition(each) for each in _DATA["services"])
LIBRARY: Final = (ADULT, *ACTIVITIES, _code_system())
