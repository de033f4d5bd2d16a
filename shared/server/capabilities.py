"""The CapabilityStatement, built from the definitions that serve the requests.

Pure: a release's date is a constant, so the same definitions always give the same statement.
https://hl7.org/fhir/R4/capabilitystatement.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import CANONICAL
from shared.fhir.search.includes import includes_of, reverse_includes_of
from shared.fhir.search.stored import NOTHING
from shared.server.compartments import DEFINITIONS
from shared.server.content import FHIR_JSON, JSON_PATCH
from shared.server.served import SYSTEM_INTERACTIONS, behaviour_of, interactions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.stored import Stored
    from shared.server.definition import Operation, ServiceDefinition

# The day of the release; it changes with the version in pyproject.toml.
RELEASED: Final = "2026-11-22"
_SECURITY: Final = (
    "This server runs open: it asks nobody who they are, and therefore answers on the loopback "
    "address or on a private network only."
)

# What a search takes beside the parameters of its type.
_OF_ALL: Final = {
    "_has": "By what refers to it, as in _has:Observation:patient:code=x; not AuditEvent.",
    "_list": "By the id of a List of which it is an item; not AuditEvent.",
}
# The same where the audit is read, and where several types are searched together.
_OF_SYSTEM: Final = {
    "_has": "By what refers to it, as in _has:Observation:patient:code=x; AuditEvent too.",
    "_type": "The types to search, in a search of several.",
}


def capability_statement(
    *definitions: ServiceDefinition,
    base: str,
    software_version: str,
    date: str = RELEASED,
    stored: Stored = NOTHING,
) -> JsonObject:
    """State what one service serves at a base, or what several serve there together.

    `stored` are the search parameters that the record holds, beside R4's own.
    """
    title = definitions[0].title if len(definitions) == 1 else "stepdown"
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{CANONICAL}/CapabilityStatement/{title.replace('_', '-')}",
        "version": software_version,
        "name": "".join(word.capitalize() for word in title.split("_")),
        "title": title,
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Stepdown", "version": software_version},
        "implementation": {"description": f"Stepdown, {title}", "url": base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "patchFormat": [JSON_PATCH, FHIR_JSON],
        "rest": [_rest(definitions, stored)],
    }


def operation_url(operation: Operation, resource_type: str | None) -> str:
    """Name the OperationDefinition of an operation on a type, or on the whole system."""
    on = operation.defined_on or resource_type
    of_type = "" if on is None else f"{on}-"
    return f"{CANONICAL}/OperationDefinition/{of_type}{operation.code}"


def _rest(definitions: tuple[ServiceDefinition, ...], stored: Stored) -> JsonObject:
    operations = [each for definition in definitions for each in definition.operations]
    of_system = (each for each in operations if each.level == "system")
    return _without_empty(
        {
            "mode": "server",
            "security": {"description": _SECURITY},
            "resource": list(_resources(definitions, operations, stored)),
            "interaction": _system_interactions(definitions),
            "searchParam": list(_parameters_of_all(definitions)),
            "compartment": list(DEFINITIONS),
            "operation": _operations(of_system, None),
        }
    )


def _resources(
    definitions: tuple[ServiceDefinition, ...], operations: list[Operation], stored: Stored
) -> Iterator[JsonObject]:
    owners = {name: definition for definition in definitions for name in definition.types}
    by_type: dict[str, list[Operation]] = {name: [] for name in owners}
    for operation in operations:
        for name in operation.types if operation.level != "system" else ():
            by_type.setdefault(name, []).append(operation)
    for name in sorted(by_type):
        # A service may serve an operation on a type that another one owns.
        owned = _owned(name, owners[name], stored) if name in owners else {}
        served = owned | {"operation": _operations(by_type[name], name)}
        if any(served.values()):
            yield {"type": name} | _without_empty(served)


def _system_interactions(definitions: Iterable[ServiceDefinition]) -> list[JsonObject]:
    if not _keeps_door(definitions):
        return []
    return [{"code": code} for code in SYSTEM_INTERACTIONS]


def _parameters_of_all(definitions: Iterable[ServiceDefinition]) -> Iterator[JsonObject]:
    named = _OF_ALL | _OF_SYSTEM if _keeps_door(definitions) else _OF_ALL
    for code, documentation in named.items():
        yield {"name": code, "type": "special", "documentation": documentation}


def _keeps_door(definitions: Iterable[ServiceDefinition]) -> bool:
    return any(definition.keeps_door for definition in definitions)


def _owned(resource_type: str, definition: ServiceDefinition, stored: Stored) -> JsonObject:
    interactions = interactions_of(resource_type)
    if not interactions:
        return {}
    return {
        "supportedProfile": list(_profiles(definition, resource_type)),
        "interaction": [{"code": code} for code in interactions],
        **behaviour_of(resource_type, definition.policy),
        "searchInclude": includes_of(resource_type, stored),
        "searchRevInclude": reverse_includes_of(
            resource_type, stored, with_views=definition.keeps_door
        ),
        "searchParam": _search_parameters(resource_type, stored),
    }


def _profiles(definition: ServiceDefinition, resource_type: str) -> Iterator[str]:
    for profile in definition.profiles:
        if profile["type"] == resource_type:
            yield profile["url"]


def _search_parameters(resource_type: str, stored: Stored) -> list[JsonObject]:
    if "search-type" not in interactions_of(resource_type):
        return []
    return [
        {
            "name": parameter.code,
            "definition": parameter.url,
            "type": parameter.type,
            "documentation": parameter.description,
        }
        for parameter in stored.served(resource_type).values()
    ]


def _operations(operations: Iterable[Operation], resource_type: str | None) -> list[JsonObject]:
    # One operation may be served on a type and on its instances; the statement names it once.
    named = {each.code: each for each in operations}
    return [
        {
            "name": each.code,
            "definition": operation_url(each, resource_type),
            "documentation": each.description,
        }
        for each in sorted(named.values(), key=lambda each: each.code)
    ]


def _without_empty(element: dict[str, Any]) -> JsonObject:
    # FHIR's JSON has no empty arrays.
    return {name: value for name, value in element.items() if value != []}
