"""How everything synthetic is marked, so that nobody takes it for a person's record.

Each resource carries the security label HTEST (test health data) and an identifier of a system
of ours; each family name begins with `Synthetic-`, each telephone number with 555.
https://terminology.hl7.org/CodeSystem-v3-ActReason.html
"""

from __future__ import annotations

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from shared.care.canonical import CANONICAL

IDENTIFIER_SYSTEM: Final = f"{CANONICAL}/sid/synthetic"
FAMILY_NAME_PREFIX: Final = "Synthetic-"

META: Final = {
    "security": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
            "code": "HTEST",
            "display": "test health data",
        }
    ]
}

_NAMESPACE: Final = uuid5(NAMESPACE_URL, IDENTIFIER_SYSTEM)


def uuid_of(key: str) -> str:
    """Give the uuid that always belongs to this key."""
    return str(uuid5(_NAMESPACE, key))


def conditional_reference(resource_type: str, value: str) -> str:
    """Refer to a resource of another Bundle by its synthetic identifier."""
    return f"{resource_type}?identifier={IDENTIFIER_SYSTEM}|{value}"
