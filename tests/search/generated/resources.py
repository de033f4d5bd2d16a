"""Records of some resources of many types.

https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from tests.search.generated.care import CARE
from tests.search.generated.datatypes import Values, filled, written
from tests.search.generated.knowledge import KNOWLEDGE

MAKERS: Final = {**CARE, **KNOWLEDGE}
_MANY: Final = {"Observation": 14, "Patient": 9, "Encounter": 8, "Condition": 8}
_FEW: Final = 5
_CODE_SYSTEM: Final = {
    "resourceType": "CodeSystem",
    "id": "a-codes",
    "url": "http://a.example",
    "status": "active",
    "content": "complete",
    "caseSensitive": True,
    "concept": [
        {"code": "a", "concept": [{"code": "A"}, {"code": "b", "concept": [{"code": "c"}]}]},
        {"code": "d"},
    ],
}


def record(seed: int) -> list[tuple[str, datetime]]:
    """Make the resources of a record, as JSON texts, and when each was written."""
    random = Random(seed)
    names = [
        f"{kind}/{kind[:2].lower()}{number}"
        for kind in MAKERS
        for number in range(_MANY.get(kind, _FEW))
    ]
    # What has the same id as another, but not its type, is another.
    names.append("Practitioner/pa0")
    values = Values(random, names)
    found = [_made(values, name) for name in names] + [written(_CODE_SYSTEM)]
    start = datetime(2025, 2, 1, 9, 59, 59, tzinfo=UTC)
    return [(text, start + timedelta(milliseconds=250 * random.randrange(20))) for text in found]


def _made(values: Values, name: str) -> str:
    kind, _, logical_id = name.partition("/")
    meta = values.often(values.meta, 0.5)
    made = MAKERS[kind](values)
    return written({"resourceType": kind, "id": logical_id, **filled(meta=meta), **made})
