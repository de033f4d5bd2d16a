"""The CodeSystems of what progress_api measures, published in the record."""

from __future__ import annotations

from typing import Final

from services.progress_api.code_systems.of_instruments import code_systems_of_instruments
from shared.server.profiles import published

CODE_SYSTEMS: Final = (*published(__name__), *code_systems_of_instruments())
