"""What a service declares: types, operations, reactions, profiles; the engine does the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from shared.access.policy import Policy
from shared.feed.reaction import Reactions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.request import FhirResponse

# What the dispatcher opens for an interaction, and hands over as its first argument: the engine
# itself, a Reading (of one state of the record with "snapshot"), or a Transaction.
Opens = Literal["nothing", "reading", "snapshot", "transaction"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation; `type` is a data type or a resource type, no `max` is `*`.

    A resource that is not `checked` is taken as it comes: what is wrong with it is for the
    operation to say. One that has `parts` has no type.
    https://hl7.org/fhir/R4/operationdefinition-definitions.html#OperationDefinition.parameter
    """

    name: str
    use: Literal["in", "out"]
    type: str
    documentation: str
    min: int = 0
    max: int | None = 1
    checked: bool = True
    parts: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A FHIR operation, without the `$` of its code.

    It is defined once for each of its types, or once for all that is `defined_on` (`Resource`).
    What `is_search` also takes, in its address, the search parameters of its type.
    """

    code: str
    level: Literal["system", "type", "instance"]
    types: tuple[str, ...]
    handle: Callable[[Any, Call], Awaitable[FhirResponse]]
    opens: Opens
    affects_state: bool
    description: str
    parameters: tuple[Parameter, ...] = ()
    defined_on: str | None = None
    is_search: bool = False

    @property
    def inputs(self) -> tuple[Parameter, ...]:
        """The parameters that a caller gives."""
        return tuple(each for each in self.parameters if each.use == "in")


class OwnerOf(Protocol):
    """Tells which service owns any type, or an operation on it."""

    def __call__(self, resource_type: str, operation: str | None = None) -> str:
        """Name the service."""


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """One service: its name (`plan`), its title (`plan_api`) and what it serves.

    `owner_of` tells which service owns what; the one that keeps the door also serves the
    system interactions and may write every type inside a Bundle. The `library` is what it
    publishes in the record when it starts: resources of its own types, with ids of their own.
    The `policy` is its operator's.
    """

    name: str
    title: str
    types: tuple[str, ...]
    owner_of: OwnerOf
    keeps_door: bool = False
    operations: tuple[Operation, ...] = ()
    reactions: Reactions = field(default_factory=lambda: Reactions("", (), {}))
    profiles: tuple[JsonObject, ...] = ()
    library: tuple[JsonObject, ...] = ()
    policy: Policy = field(default_factory=Policy)
