"""Records of some resources of many types.

https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from tests.search.generated.care import CARE
from tests.search.generated.datatypes import Json, Values, filled, written
from tests.search.generated.knowledge import KNOWLEDGE

MAKERS: Final = {**CARE, **KNOWLEDGE}
_MANY: Final = {"Observation": 14, "Patient": 9, "Encounter": 8, "Condition": 8}
_FEW: Final = 5
_CONTAINED: Final = ("Patient", "Organization", "Practitioner", "Condition", "Observation")
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
_IN_ANY_CASE: Final = {
    "resourceType": "CodeSystem",
    "id": "b-codes",
    "url": "http://b.example",
    "status": "active",
    "content": "fragment",
    "caseSensitive": False,
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
    found = [_made(values, name) for name in names] + [
        written(each) for each in (_CODE_SYSTEM, _IN_ANY_CASE)
    ]
    start = datetime(2025, 2, 1, 9, 59, 59, tzinfo=UTC)
    return [(text, start + timedelta(milliseconds=250 * random.randrange(20))) for text in found]


def _made(values: Values, name: str) -> str:
    kind, _, logical_id = name.partition("/")
    beside = filled(
        meta=values.often(values.meta, 0.5), contained=values.often(lambda: _inside(values))
    )
    made = MAKERS[kind](values)
    return written({"resourceType": kind, "id": logical_id, **beside, **made})


def _inside(values: Values) -> list[Json]:
    """Make what a resource may refer to inside itself."""
    kind = values.pick(*_CONTAINED)
    return [{"resourceType": kind, "id": "inside", **MAKERS[kind](values)}]
