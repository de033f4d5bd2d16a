"""`$reindex`: lets the SearchParameters of the record be searched by, and indexes rows anew.

Operations of ours. The work happens in the background of the service that owns each type, and goes
on where it was after a restart; `$reindex-progress` tells how far it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import InvalidSearch, RuleViolation
from shared.fhir.search.registration import faults, is_of_r4
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.operator import refuse_all_but_operator
from shared.server.request import FhirResponse
from shared.store.finding import find
from shared.store.generation import load
from shared.store.registration import progress, register

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.stored import Stored
    from shared.server.call import Call
    from shared.store.reading import Reading
    from shared.store.registration import Progress
    from shared.store.transaction import Transaction


async def reindex(tx: Transaction, call: Call) -> FhirResponse:
    """Register the active SearchParameters, and begin to index their types, and those named.

    :raises Forbidden: to all but the operator.
    :raises InvalidSearch: when a type that is named is none.
    :raises RuleViolation: when a parameter cannot be searched by, with all that stands against it.
    """
    refuse_all_but_operator(call.context)
    types = call.inputs.many("type")
    unknown = sorted({*types} - TYPE_CODE.keys())
    if unknown:
        raise InvalidSearch(f"There is no resource type {', '.join(unknown)}.")
    found = await find(tx.unlimited("reindex"), "SearchParameter", ("status", "active"))
    definitions = [each.content for each in found if not is_of_r4(each.content)]
    issues = faults(definitions)
    if issues:
        raise RuleViolation(issues=tuple(issues))
    await register(tx, definitions, types)
    return await _told(tx)


async def tell_progress(reading: Reading, call: Call) -> FhirResponse:
    """Tell how far the indexing is.

    :raises Forbidden: to all but the operator.
    """
    refuse_all_but_operator(call.context)
    return await _told(reading)


async def _told(reading: Reading) -> FhirResponse:
    tenant = reading.access.tenant
    at, stored = await load(reading.connection, tenant)
    behind = await progress(reading.connection, tenant)
    told = [
        {"name": "generation", "valueInteger": at.generation},
        {"name": "complete", "valueBoolean": not behind},
        *(_of_type(each) for each in behind),
        *_of_parameters(stored, behind),
    ]
    return FhirResponse(200, write({"resourceType": "Parameters", "parameter": told}))


def _of_type(each: Progress) -> JsonObject:
    parts: list[dict[str, Any]] = [
        {"name": "code", "valueCode": each.type},
        {"name": "done", "valueInteger": each.done},
    ]
    if each.total is not None:
        parts.append({"name": "total", "valueInteger": max(each.done, each.total)})
    return {"name": "type", "part": parts}


def _of_parameters(stored: Stored, behind: list[Progress]) -> list[JsonObject]:
    reached = {each.type: each.generation for each in behind}
    return [
        {
            "name": "parameter",
            "part": [
                {"name": "base", "valueCode": base},
                {"name": "code", "valueCode": code},
                {"name": "definition", "valueUri": each.parameter.url},
                {
                    "name": "complete",
                    "valueBoolean": reached.get(base, each.generation) >= each.generation,
                },
            ],
        }
        for base, parameters in sorted(stored.of_types.items())
        for code, each in sorted(parameters.items())
    ]


_OUT: Final = (
    Parameter("generation", "out", "integer", "What is wanted of every row since now.", min=1),
    Parameter("complete", "out", "boolean", "Whether nothing is left to do.", min=1),
    Parameter(
        "type",
        "out",
        "",
        "A type whose rows are being indexed.",
        max=None,
        parts=(
            Parameter("code", "out", "code", "The type.", min=1),
            Parameter("done", "out", "integer", "How many rows are done.", min=1),
            Parameter("total", "out", "integer", "Of how many, once that is known."),
        ),
    ),
    Parameter(
        "parameter",
        "out",
        "",
        "A stored parameter of a type.",
        max=None,
        parts=(
            Parameter("base", "out", "code", "The type.", min=1),
            Parameter("code", "out", "code", "Its name in a search.", min=1),
            Parameter("definition", "out", "uri", "The url of its SearchParameter.", min=1),
            Parameter("complete", "out", "boolean", "Whether it can be searched by.", min=1),
        ),
    ),
)

REINDEX: Final = (
    Operation(
        code="reindex",
        level="system",
        types=(),
        handle=reindex,
        opens="transaction",
        affects_state=True,
        description="Search by the SearchParameters of the record, and index their types anew.",
        parameters=(
            Parameter("type", "in", "code", "A type to index anew in any case.", max=None),
            *_OUT,
        ),
    ),
    Operation(
        code="reindex-progress",
        level="system",
        types=(),
        handle=tell_progress,
        opens="reading",
        affects_state=False,
        description="Tell how far the indexing that $reindex began is.",
        parameters=_OUT,
    ),
)
