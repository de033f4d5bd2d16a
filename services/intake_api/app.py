"""The composition root of intake_api."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.definition import DEFINITION
from services.record import ownership
from shared.server.app import create_app
from shared.server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.server.definition import ServiceDefinition
    from shared.server.program import Program


def create(together: Sequence[ServiceDefinition] = ()) -> Program:
    """Build the program from its environment; a batch is told what all services serve together."""
    return create_app(DEFINITION, Settings(), ownership(), together=together)
