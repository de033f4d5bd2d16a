"""One call of an operation: what was asked, in what it runs, and what it may reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.server.engine import Engine
    from shared.server.inputs import Inputs
    from shared.server.request import Context, FhirRequest


@dataclass(frozen=True, slots=True)
class Call:
    """A request for an operation, with its inputs checked against the operation's parameters."""

    request: FhirRequest
    context: Context
    inputs: Inputs
    engine: Engine
