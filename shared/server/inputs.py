"""What a caller gives an operation, checked against the parameters that it declares.

Inputs come as Parameters; a single resource may also be the body itself, with its primitive inputs
in the query, as in a GET of an operation that changes nothing.
https://hl7.org/fhir/R4/operations.html#request
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import Malformed
from shared.fhir.validation import validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.definition import Operation, Parameter
    from shared.server.request import FhirRequest

# What every request may carry about the layout of its answer.
_LAYOUT: Final = frozenset({"_format", "_pretty"})
# Types that clients confuse and that mean the same: the value's own rules decide.
_ALIKE: Final = (
    frozenset({"canonical", "uri", "url"}),
    frozenset({"string", "code", "id", "markdown"}),
    frozenset({"date", "dateTime"}),
)
_MOST_DIGITS: Final = 9
_BOOLEANS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The values given, by the names of their parameters."""

    values: Mapping[str, Sequence[Any]]

    def one(self, name: str) -> Any:  # noqa: ANN401
        """Give the value of a parameter; None where it was not given."""
        return next(iter(self.many(name)), None)

    def many(self, name: str) -> Sequence[Any]:
        """Give all values of a parameter, in their order."""
        return self.values.get(name, ())


def inputs_of(operation: Operation, request: FhirRequest) -> Inputs:
    """Read the inputs of a call.

    :raises Malformed: for what the operation does not take, or needs and does not get.
    """
    values: dict[str, list[Any]] = {}
    for name, value in _given(operation, request):
        values.setdefault(name, []).append(value)
    for parameter in operation.inputs:
        _check_number(operation, parameter, len(values.get(parameter.name, ())))
    return Inputs(values)


def _given(operation: Operation, request: FhirRequest) -> list[tuple[str, Any]]:
    query = [(name, value) for name, value in request.query if name not in _LAYOUT]
    if operation.is_search:
        own = {each.name for each in operation.inputs}
        query = [pair for pair in query if pair[0] in own]
    body = request.resource
    if body is None:
        return [_from_query(operation, name, value) for name, value in query]
    if body.get("resourceType") == "Parameters" and not _is_content(operation, request, body):
        if query:
            raise Malformed(f"${operation.code} takes its inputs in the body or in the query.")
        return _from_parameters(operation, body)
    whole = [each for each in operation.inputs if _is_resource(each)]
    if len(whole) != 1 or whole[0].type not in {body.get("resourceType"), "Resource"}:
        raise Malformed(f"${operation.code} takes {_taken(operation)}.", expression="Parameters")
    others = [_from_query(operation, name, value) for name, value in query]
    return [(whole[0].name, body), *others]


def _is_content(operation: Operation, request: FhirRequest, body: JsonObject) -> bool:
    """Tell whether Parameters are what is asked about: at their own address, with other names."""
    takes_any = any(each.type == "Resource" for each in operation.inputs)
    given = body.get("parameter")
    if request.type != "Parameters" or not takes_any or not isinstance(given, list):
        return False
    own = [each.name for each in operation.inputs]
    return any(isinstance(each, dict) and each.get("name") not in own for each in given)


def _is_resource(parameter: Parameter) -> bool:
    return parameter.type in TYPE_CODE or parameter.type == "Resource"


def _from_query(operation: Operation, name: str, text: str) -> tuple[str, Any]:
    parameter = _declared(operation, name, None)
    if parameter.type == "boolean":
        if text not in _BOOLEANS:
            raise Malformed(f"{name} must be true or false.")
        return name, _BOOLEANS[text]
    if parameter.parts or parameter.type[0].isupper():
        raise Malformed(f"{name} is given in the body: it is a {_type_of(parameter)}.")
    if parameter.type == "integer":
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            raise Malformed(f"{name} must be a number.")
        return name, int(text)
    issues = validate(_alone(parameter, text))
    if issues:
        raise Malformed(f"{name} is not a valid {parameter.type}.")
    return name, text


def _from_parameters(operation: Operation, body: JsonObject) -> list[tuple[str, Any]]:
    issues = validate(_checked(operation, body))
    if issues:
        raise Malformed(issues=tuple(issues))
    return [
        _from_parameter(operation, each, f"Parameters.parameter[{i}]")
        for i, each in enumerate(body.get("parameter", ()))
    ]


def _checked(operation: Operation, body: JsonObject) -> JsonObject:
    """Leave out the contents of resources that are taken as they come."""
    names = {each.name for each in operation.inputs if not each.checked}
    parameters = body.get("parameter")
    if not names or not isinstance(parameters, list):
        return body
    checked = [
        each | {"resource": {"resourceType": "Parameters"}}
        if isinstance(each, dict) and each.get("name") in names and "resource" in each
        else each
        for each in parameters
    ]
    return body | {"parameter": checked}


def _from_parameter(operation: Operation, given: JsonObject, place: str) -> tuple[str, Any]:
    parameter = _declared(operation, given["name"], place)
    if parameter.parts:
        return parameter.name, _from_parts(operation, parameter, given, place)
    if _is_resource(parameter):
        resource = given.get("resource")
        is_of_type = isinstance(resource, dict) and resource.get("resourceType") == parameter.type
        if is_of_type or (parameter.type == "Resource" and isinstance(resource, dict)):
            return parameter.name, resource
        raise Malformed(f"{parameter.name} must be a {parameter.type}.", expression=place)
    for name in _value_names(parameter):
        if name in given:
            return parameter.name, given[name]
    raise Malformed(
        f"{parameter.name} must be given as {_value_names(parameter)[0]}.", expression=place
    )


def _from_parts(
    operation: Operation, parameter: Parameter, given: JsonObject, place: str
) -> dict[str, list[Any]]:
    inner = replace(operation, parameters=parameter.parts)
    values: dict[str, list[Any]] = {}
    for i, each in enumerate(given.get("part", ())):
        name, value = _from_parameter(inner, each, f"{place}.part[{i}]")
        values.setdefault(name, []).append(value)
    for each in inner.inputs:
        _check_number(inner, each, len(values.get(each.name, ())), f"{place}.part")
    return values


def _declared(operation: Operation, name: str, place: str | None) -> Parameter:
    for parameter in operation.inputs:
        if parameter.name == name:
            return parameter
    raise Malformed(
        f"${operation.code} has no such parameter; it takes {_taken(operation)}.", expression=place
    )


def _check_number(
    operation: Operation, parameter: Parameter, number: int, place: str = "Parameters.parameter"
) -> None:
    if number < parameter.min:
        raise Malformed(
            f"${operation.code} needs the parameter {parameter.name} ({_type_of(parameter)}).",
            expression=place,
        )
    if parameter.max is not None and number > parameter.max:
        raise Malformed(
            f"${operation.code} takes {parameter.name} at most {parameter.max} times.",
            expression=place,
        )


def _value_names(parameter: Parameter) -> list[str]:
    alike = next((each for each in _ALIKE if parameter.type in each), frozenset())
    names = [parameter.type, *sorted(alike - {parameter.type})]
    return [f"value{name[0].upper()}{name[1:]}" for name in names]


def _alone(parameter: Parameter, value: str) -> JsonObject:
    told = {"name": parameter.name, _value_names(parameter)[0]: value}
    return {"resourceType": "Parameters", "parameter": [told]}


def _taken(operation: Operation) -> str:
    if not operation.inputs:
        return "no parameters"
    named = (f"{each.name} ({_type_of(each)})" for each in operation.inputs)
    return "Parameters with " + ", ".join(named)


def _type_of(parameter: Parameter) -> str:
    return parameter.type or f"parameter with {', '.join(each.name for each in parameter.parts)}"
