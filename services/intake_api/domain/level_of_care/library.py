"""The criteria sets that are published here, by their canonicals.

Each is also a Library resource, so that anybody can read the set that a decision names and
recompute its hash. https://hl7.org/fhir/R4/library.html
"""

from __future__ import annotations

import base64
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet, parsed
from services.intake_api.domain.level_of_care.valuation import CRITERION
from shared.fhir.reader import read
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_NAMES: Final = ("iop-general-1.0", "cfr-410.44c-1.0")
_LIBRARY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/library-type"


def _loaded(name: str) -> CriteriaSet:
    return parsed(read((files(__package__) / f"{name}.json").read_bytes()))


CRITERIA_SETS: Final = tuple(_loaded(name) for name in _NAMES)
DEFAULT: Final = CRITERIA_SETS[0]


def find(canonical_url: str | None) -> CriteriaSet | None:
    """Find a set by its canonical, with or without a version; None asks for the default."""
    if canonical_url is None:
        return DEFAULT
    matching = (each for each in CRITERIA_SETS if canonical_url in {each.canonical, each.url})
    return next(matching, None)


def published(criteria_set: CriteriaSet) -> JsonObject:
    """Write a set as the Library whose content is its canonical JSON."""
    data = canonical(criteria_set.content)
    return {
        "resourceType": "Library",
        "id": criteria_set.url.rpartition("/")[2],
        "url": criteria_set.url,
        "version": criteria_set.version,
        "title": criteria_set.title,
        "status": "active",
        "type": {"coding": [{"system": _LIBRARY_TYPE, "code": "logic-library"}]},
        "description": criteria_set.content["source"],
        "content": [
            {"contentType": "application/json", "data": base64.b64encode(data).decode("ascii")}
        ],
    }


def criteria_codes() -> JsonObject:
    """Write the CodeSystem of all criteria, by whose codes a judgement names its criterion."""
    # A criterion that several sets share has the words of the first.
    texts = {each.id: each.text for told in reversed(CRITERIA_SETS) for each in told.criteria}
    return {
        "resourceType": "CodeSystem",
        "id": "level-of-care-criterion",
        "url": CRITERION,
        "version": "1.0",
        "name": "LevelOfCareCriterion",
        "title": "Criteria of levels of care",
        "status": "active",
        "caseSensitive": True,
        "content": "complete",
        "count": len(texts),
        "concept": [{"code": code, "display": text} for code, text in texts.items()],
    }


LIBRARY: Final = (*map(published, CRITERIA_SETS), criteria_codes())
