"""The operations that every service serves, whatever it declares itself.

What is about a resource is served for the service's own types; value sets and code systems every
service can read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.server.operations.clock import CLOCK
from shared.server.operations.meta import meta_operations
from shared.server.operations.meta_changes import meta_changes
from shared.server.operations.reindex import REINDEX
from shared.server.operations.terminology.expand import EXPAND
from shared.server.operations.terminology.lookup import LOOKUP
from shared.server.operations.terminology.validate_code_in_code_system import (
    VALIDATE_CODE_IN_CODE_SYSTEM,
)
from shared.server.operations.terminology.validate_code_in_value_set import (
    VALIDATE_CODE_IN_VALUE_SET,
)
from shared.server.operations.validate import validate_operations

if TYPE_CHECKING:
    from shared.server.definition import ServiceDefinition

_TERMINOLOGY: Final = (*EXPAND, *VALIDATE_CODE_IN_VALUE_SET, *VALIDATE_CODE_IN_CODE_SYSTEM, LOOKUP)


def with_engine_operations(definition: ServiceDefinition, *, is_open: bool) -> ServiceDefinition:
    """Add the engine's own operations: the clock moves only on an open server."""
    own = (
        *validate_operations(definition.types),
        *meta_operations(definition.types),
        *meta_changes(definition.types),
        *_TERMINOLOGY,
        *REINDEX,
        *((CLOCK,) if is_open else ()),
    )
    return replace(definition, operations=(*definition.operations, *own))
