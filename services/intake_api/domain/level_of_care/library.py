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
from shared.care.canonical import code_system
from shared.care.licensed_level import POLICY_VERSION, SOURCE, TOOLS
from shared.fhir.reader import read
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from shared.care.licensed_level import Tool
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


def _levels(tool: Tool) -> JsonObject:
    """Write the CodeSystem of a licensed tool's levels: their names, and nothing of its content."""
    codes = dict.fromkeys(code for levels in tool.editions.values() for code in levels)
    return _code_system(tool.code, tool.title, [{"code": code} for code in codes])


def _tools() -> JsonObject:
    concepts = [{"code": each.code, "display": each.title} for each in TOOLS]
    return _code_system("licensed-level", "Results of licensed tools", concepts)


def _code_system(name: str, title: str, concepts: list[JsonObject]) -> JsonObject:
    return {
        "resourceType": "CodeSystem",
        "id": name,
        "url": code_system(name),
        "version": POLICY_VERSION,
        "name": "".join(each.capitalize() for each in name.split("-")),
        "title": title,
        "status": "active",
        "description": SOURCE,
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


LIBRARY: Final = (
    *map(published, CRITERIA_SETS),
    criteria_codes(),
    _tools(),
    *map(_levels, TOOLS),
)
