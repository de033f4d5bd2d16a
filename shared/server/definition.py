"""What a service declares: types, operations, reactions, profiles; the engine does the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from shared.feed.reaction import Reactions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.fhir.reader import JsonObject
    from shared.server.engine import Engine
    from shared.server.request import Context, FhirRequest, FhirResponse


@dataclass(frozen=True, slots=True)
class Operation:
    """A FHIR operation, without the `$` of its code."""

    code: str
    level: Literal["system", "type", "instance"]
    types: tuple[str, ...]
    handle: Callable[[Engine, FhirRequest, Context], Awaitable[FhirResponse]]
    affects_state: bool
    description: str


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """One service: its name (`plan`), its title (`plan_api`) and what it serves.

    `owner_of` tells which service owns any type; the one that keeps the door also serves the
    system interactions and may write every type inside a Bundle.
    """

    name: str
    title: str
    types: tuple[str, ...]
    owner_of: Callable[[str], str]
    keeps_door: bool = False
    operations: tuple[Operation, ...] = ()
    reactions: Reactions = field(default_factory=lambda: Reactions("", (), {}))
    profiles: tuple[JsonObject, ...] = ()
