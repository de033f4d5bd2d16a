"""From method and path to an interaction; pure.

An address has one form: what is doubled, encoded, upper-cased or decorated is not found.
https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import MethodNotAllowed, NotFound
from shared.server.compartments import COMPARTMENTS, is_member
from shared.server.ids import is_logical_id
from shared.server.served import interactions_of

if TYPE_CHECKING:
    from shared.server.definition import ServiceDefinition
    from shared.server.request import FhirRequest, Interaction

_OPERATION: Final = re.compile(r"\$[a-z][a-z0-9-]*", re.ASCII)
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)

Route = tuple["Interaction", dict[str, Any]]
_READS: Final = ("GET", "HEAD")
# Without an id, an update, a patch and a delete are conditional.
_OF_TYPE: Final = {
    "GET": "search-type",
    "HEAD": "search-type",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_OF_INSTANCE: Final = {
    "GET": "read",
    "HEAD": "read",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


def route(method: str, path: str) -> Route:
    """Understand an address below the FHIR base, given without its first slash.

    :raises NotFound: when nothing is at this address.
    :raises MethodNotAllowed: when the address does not take this method.
    """
    segments = path.split("/") if path else []
    if not segments:
        return _only(method, {"POST": "bundle", **dict.fromkeys(_READS, "search-system")}, {})
    if segments == ["_search"]:
        return _only(method, {"POST": "search-system"}, {})
    if segments == ["_history"]:
        return _only(method, dict.fromkeys(_READS, "history-system"), {})
    if segments == ["metadata"]:
        return _only(method, dict.fromkeys(_READS, "capabilities"), {})
    if _OPERATION.fullmatch(segments[0]) and len(segments) == 1:
        return _operation(method, segments[0], {})
    if segments[0] not in TYPE_CODE:
        raise NotFound("There is nothing at this address.")
    return _of_type(method, segments[0], segments[1:])


def _of_type(method: str, resource_type: str, rest: list[str]) -> Route:
    fields = {"type": resource_type}
    if not rest:
        return _only(method, _OF_TYPE, fields)
    if rest == ["_history"]:
        return _only(method, dict.fromkeys(_READS, "history-type"), fields)
    if rest == ["_search"]:
        return _only(method, {"POST": "search-type"}, fields)
    if _OPERATION.fullmatch(rest[0]) and len(rest) == 1:
        return _operation(method, rest[0], fields)
    if not is_logical_id(rest[0]):
        raise NotFound("There is nothing at this address.")
    return _of_instance(method, fields | {"id": rest[0]}, rest[1:])


def _of_instance(method: str, fields: dict[str, Any], rest: list[str]) -> Route:
    match rest:
        case []:
            return _only(method, _OF_INSTANCE, fields)
        case ["_history"]:
            return _only(method, dict.fromkeys(_READS, "history-instance"), fields)
        case ["_history", number] if _VERSION.fullmatch(number):
            return _only(method, dict.fromkeys(_READS, "vread"), fields | {"version": int(number)})
        case [code] if _OPERATION.fullmatch(code):
            return _operation(method, code, fields)
        case [name, *last] if last in ([], ["_search"]):
            return _in_compartment(method, fields, name, by_form=bool(last))
    raise NotFound("There is nothing at this address.")


def _in_compartment(method: str, fields: dict[str, Any], name: str, *, by_form: bool) -> Route:
    """Understand a search for a type, or for all of them, in the compartment of an instance."""
    compartment = (fields["type"], fields["id"])
    if not (is_member(compartment[0], name) or (name == "*" and compartment[0] in COMPARTMENTS)):
        raise NotFound("There is nothing at this address.")
    of_type = {} if name == "*" else {"type": name}
    interaction = "search-type" if of_type else "search-system"
    methods = dict.fromkeys(("POST",) if by_form else _READS, interaction)
    return _only(method, methods, {"compartment": compartment, **of_type})


def _operation(method: str, code: str, fields: dict[str, Any]) -> Route:
    methods = {"GET": "operation", "HEAD": "operation", "POST": "operation"}
    return _only(method, methods, fields | {"operation": code[1:]})


def _only(method: str, methods: dict[str, Any], fields: dict[str, Any]) -> Route:
    served = methods
    if "type" in fields and "operation" not in fields:
        own = interactions_of(fields["type"])
        served = {name: code for name, code in methods.items() if code in own}
    if method not in served:
        raise MethodNotAllowed(
            f"{method} is not served at this address.", headers={"Allow": ", ".join(sorted(served))}
        )
    return served[method], fields


def belongs_here(request: FhirRequest, definition: ServiceDefinition) -> None:
    """Check that this service answers for the type, or for the whole system.

    :raises NotFound: naming the service that does.
    """
    if request.interaction in {"capabilities", "operation"}:
        return
    if request.type is None:
        if not definition.keeps_door:
            raise NotFound(
                "Bundles, the history and the search of the whole system are intake_api's."
            )
    elif request.type not in definition.types:
        owner = definition.owner_of(request.type)
        raise NotFound(
            f"{request.type} is served by {owner}_api, not by {definition.title}.",
            expression=request.type,
        )
