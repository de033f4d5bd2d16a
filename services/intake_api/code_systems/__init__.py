"""The CodeSystems of how somebody comes in, published in the record."""

from __future__ import annotations

from typing import Final

from shared.server.profiles import published

CODE_SYSTEMS: Final = published(__name__)
