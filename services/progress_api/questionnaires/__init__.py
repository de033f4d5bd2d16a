"""The Questionnaires that progress_api publishes; the C-SSRS one has topics, not the wording."""

from __future__ import annotations

from typing import Final

from shared.server.profiles import published

QUESTIONNAIRES: Final = published(__name__)
