"""The extensions of plan_api: what it says in resources that R4 has no element for."""

from __future__ import annotations

from typing import Final

from shared.server.profiles import published

EXTENSIONS: Final = published(__name__)
