"""Definitions of services for tests of what is made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.ownership import DOOR_KEEPER, SERVICES, ServiceName, owner_of, types_of
from shared.fhir.definitions import RESOURCE_TYPES
from shared.server.definition import Operation, ServiceDefinition
from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from shared.server.call import Call
    from shared.server.engine import Engine


async def nothing(_engine: Engine, _call: Call) -> FhirResponse:
    return FhirResponse(200)


CLOCK = Operation(
    "clock", "system", (), nothing, "nothing", affects_state=True, description="Move the clock."
)
ADMIT = Operation(
    "admit",
    "instance",
    ("EpisodeOfCare",),
    nothing,
    "nothing",
    affects_state=True,
    description="Admit.",
)
PROGRESS = Operation(
    "progress",
    "instance",
    ("Patient",),
    nothing,
    "nothing",
    affects_state=False,
    description="Tell.",
)
OPERATIONS = {"intake": (CLOCK, ADMIT), "plan": (CLOCK,), "progress": (CLOCK, PROGRESS)}
PROFILE = {
    "resourceType": "StructureDefinition",
    "url": "https://stepdown.example/fhir/StructureDefinition/stepdown-careplan",
    "type": "CarePlan",
}


def definition(name: ServiceName) -> ServiceDefinition:
    return ServiceDefinition(
        name,
        f"{name}_api",
        types_of(name, RESOURCE_TYPES),
        owner_of,
        keeps_door=name == DOOR_KEEPER,
        operations=OPERATIONS[name],
        profiles=(PROFILE,) if name == "plan" else (),
    )


DEFINITIONS = tuple(map(definition, SERVICES))
