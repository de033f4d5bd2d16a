"""The profiles of plan_api: what others may rely on in its CarePlan resources."""

from __future__ import annotations

from typing import Final

from shared.server.profiles import published

PROFILES: Final = published(__name__)
