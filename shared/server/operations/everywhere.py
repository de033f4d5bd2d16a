"""The operations that every service serves, whatever it declares itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.server.operations.clock import CLOCK

if TYPE_CHECKING:
    from shared.server.definition import ServiceDefinition


def with_engine_operations(definition: ServiceDefinition, *, is_open: bool) -> ServiceDefinition:
    """Add the engine's own operations: the clock moves only on an open server."""
    own = (CLOCK,) if is_open else ()
    return replace(definition, operations=(*definition.operations, *own))
