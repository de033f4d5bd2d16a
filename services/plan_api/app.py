"""The composition root of plan_api."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.plan_api.definition import DEFINITION
from services.record import ownership
from shared.server.app import create_app
from shared.server.settings import Settings

if TYPE_CHECKING:
    from shared.server.program import Program


def create() -> Program:
    """Build the program from its environment."""
    return create_app(DEFINITION, Settings(), ownership())
