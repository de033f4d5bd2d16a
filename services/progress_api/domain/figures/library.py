"""The Measures of the figures, and the codes of their groups, as they are published."""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.evidence import Evidence
from services.progress_api.domain.figures.period import Days
from services.progress_api.domain.figures.policy import MEASURES, TOLD
from services.progress_api.domain.figures.report import FIGURES
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

# Which groups a figure has does not depend on what is counted.
_NOBODY: Final = Evidence((), (), (), (), (), (), (), {}, {}, ())
_NO_DAYS: Final = Days(date(2026, 1, 1), date(2026, 1, 1), UTC)


def _codes() -> JsonObject:
    groups = [group for each in FIGURES.values() for group in each(_NOBODY, _NO_DAYS).groups]
    return {
        "resourceType": "CodeSystem",
        "id": "figure",
        "url": code_system("figure"),
        "version": TOLD["version"],
        "name": "Figure",
        "title": "Groups of the figures of a programme",
        "status": "active",
        "experimental": False,
        "publisher": "Stepdown",
        "caseSensitive": True,
        "content": "complete",
        "count": len(groups),
        "concept": [{"code": each.code, "display": each.text} for each in groups],
    }


LIBRARY: Final[tuple[JsonObject, ...]] = (*MEASURES, _codes())
