"""The profiles of intake_api: what others may rely on in its Encounter and Task resources."""

from __future__ import annotations

from typing import Final

from shared.server.profiles import published

PROFILES: Final = published(__name__)
