"""`$meta`: the labels of a resource, or all those in use in a type or in the whole record.

https://hl7.org/fhir/R4/resource-operation-meta.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.errors import TooCostly
from shared.fhir.meta import with_labels
from shared.fhir.reader import read
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.server.served import interactions_of
from shared.store.finding import required
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading

# No index lists labels: the resources are read for them.
_MOST_READ: Final = 50_000
RETURN: Final = Parameter("return", "out", "Meta", "The meta.", min=1)
DEFINED_ON: Final = "Resource"


async def meta_of_resource(reading: Reading, call: Call) -> FhirResponse:
    """Give the meta of a resource without the resource.

    :raises NotFound: when there is nothing that the caller may see.
    :raises Gone: when it was deleted.
    """
    found = await required(reading, Key(call.request.type or "", call.request.id or ""))
    return FhirResponse(200, returned(found.content.get("meta", {})), found.version)


async def meta_in_use(reading: Reading, call: Call) -> FhirResponse:
    """Sum up the labels of a type, or of everything.

    :raises TooCostly: when there are too many resources to look at.
    """
    types = [call.request.type] if call.request.type else RESOURCE_TYPES
    if await reading.current(types, _MOST_READ) > _MOST_READ:
        raise TooCostly(f"Labels are listed for at most {_MOST_READ:,} resources.")
    meta: JsonObject = {}
    for kind, text in sorted(await reading.labels(types)):
        meta = with_labels(meta, {kind: [_label(text)]})
    return FhirResponse(200, returned(meta))


def returned(meta: JsonObject) -> bytes:
    """Write a meta as the one parameter of an answer; an empty one is left out."""
    told = {"name": "return", "valueMeta": meta}
    parameters = {"parameter": [told]} if meta else {}
    return write({"resourceType": "Parameters"} | parameters)


def labelled(types: Iterable[str]) -> tuple[str, ...]:
    """Of some types, keep those whose resources are stored with labels, not views of other rows."""
    return tuple(name for name in types if "vread" in interactions_of(name))


def _label(text: str) -> object:
    # A profile is a JSON string, which the reader of whole documents does not take.
    return read(b'{"label":' + text.encode() + b"}")["label"]


def meta_operations(types: Iterable[str]) -> tuple[Operation, ...]:
    """Make the operation at its three levels, for some types."""
    instance = Operation(
        code="meta",
        level="instance",
        types=labelled(types),
        handle=meta_of_resource,
        opens="reading",
        affects_state=False,
        description="Tell the profiles, security labels and tags of a resource, or those in use.",
        parameters=(RETURN,),
        defined_on=DEFINED_ON,
    )
    of_type = replace(instance, level="type", handle=meta_in_use)
    return instance, of_type, replace(of_type, level="system", types=())
