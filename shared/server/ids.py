"""Logical ids: new ones are UUIDs of version 7, which sort by the time they were made.

https://hl7.org/fhir/R4/resource.html#id
https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
"""

from __future__ import annotations

import os
import re
import uuid
from typing import TYPE_CHECKING, Final, TypeGuard

if TYPE_CHECKING:
    from datetime import datetime

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


def new_id(now: datetime) -> str:
    """Make a new id."""
    milliseconds = int(now.timestamp() * 1000)
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def is_logical_id(value: object) -> TypeGuard[str]:
    """Tell whether a value may be a logical id; a path's own steps may not."""
    is_text = isinstance(value, str) and _ID.fullmatch(value) is not None
    return is_text and value not in {".", ".."}
