"""The id of a request, which joins its lines in every log, its audit rows and its answer."""

from __future__ import annotations

import re
import uuid
from typing import Final

# The same letters as in the front-door proxy's configuration.
_GIVEN: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)


def request_id(given: str | None) -> str:
    """Take the id that came with the request, or make one where there is none of use."""
    if given is not None and _GIVEN.fullmatch(given):
        return given
    return uuid.uuid4().hex
