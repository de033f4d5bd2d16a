"""What a programme offers: a definition of each service, and which policies count its hours.

https://hl7.org/fhir/R4/activitydefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.templates.data import extension, file, headed, told
from shared.care.canonical import CANONICAL, code_system
from shared.care.weekly_hours import POLICIES

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

HOMEWORK: Final = "homework"
DATA: Final = file("services.json")
SERVICES: Final = {str(each["id"]): each for each in DATA["services"]}

_SNOMED: Final = "http://snomed.info/sct"
_SERVICE: Final = code_system("service")
_STATEMENT: Final = f"{CANONICAL}/statement"


def activity_definition(service: JsonObject) -> JsonObject:
    """Define a service: its own code beside that of SNOMED CT, where there is one."""
    codes = [{"system": _SERVICE, "code": service["id"], "display": service["title"]}]
    if "snomed" in service:
        codes.insert(0, {"system": _SNOMED, "code": service["snomed"]})
    statements = [service["statement"], *service.get("also", ())]
    definition = headed("ActivityDefinition", service["id"], DATA["version"]) | {
        "identifier": [{"system": _STATEMENT, "value": each} for each in statements],
        "extension": [*_counting(service), *_where(service)],
        "name": service["title"].title().replace(" ", "").replace("-", ""),
        "title": service["title"],
        "topic": [{"coding": [{"system": _SERVICE, "code": service["setting"]}]}],
        "kind": "Task" if service["setting"] == HOMEWORK else "ServiceRequest",
        "code": {"coding": codes, "text": service["title"]},
    }
    optional = {"usage": service.get("usage"), "timingTiming": offered(service)}
    return definition | {name: value for name, value in optional.items() if value}


def offered(service: JsonObject) -> JsonObject | None:
    """Say how often and how long a service is offered, where it is."""
    if "offered" not in service:
        return None
    said = service["offered"]
    repeat = {"frequency": said["times"], "period": said["weeks"], "periodUnit": "wk"}
    return {"repeat": repeat | {"duration": said["minutes"], "durationUnit": "min"}}


def code_system_of_services() -> JsonObject:
    """List the services as codes."""
    concepts = [{"code": each["id"], "display": each["title"]} for each in DATA["services"]]
    return headed("CodeSystem", "service", DATA["codes_version"]) | {
        "name": "Service",
        "title": "Services of an intensive outpatient programme",
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts) + len(DATA["settings"]),
        "concept": [*concepts, *DATA["settings"]],
    }


def _counting(service: JsonObject) -> list[JsonObject]:
    """Repeat of each policy whether it counts a service; the policies say so themselves."""
    address = f"{CANONICAL}/ActivityDefinition/{service['id']}"
    return [
        told(
            "counts-toward-hours",
            policy={"valueString": f"{policy.name}|{policy.version}"},
            counts={"valueBoolean": policy.counts({"instantiatesCanonical": [address]})},
        )
        for policy in POLICIES
    ]


def _where(service: JsonObject) -> list[JsonObject]:
    return [
        extension(name, valueBoolean=True)
        for name, said in (("in-person", "in_person"), ("other-provider", "elsewhere"))
        if service.get(said)
    ]
