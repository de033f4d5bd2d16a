"""What is counted, in which bands and by which policy about hours, as data beside the code."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import CANONICAL
from shared.care.weekly_hours import POLICIES
from shared.fhir.reader import read

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

TOLD: Final[dict[str, Any]] = read((files(__package__) / "figures.json").read_bytes())
MOST_DAYS: Final[int] = TOLD["mostDays"]
DAILY_UP_TO: Final[int] = TOLD["dailyUpToDays"]
AGES: Final[list[dict[str, Any]]] = TOLD["referralAges"]
HOURS: Final = next(each for each in POLICIES if each.name == TOLD["hoursPolicy"])


def canonical(code: str) -> str:
    """Name the Measure of a figure, with its version."""
    return f"{CANONICAL}/Measure/{code}|{TOLD['version']}"


def age_band(days: int) -> str:
    """Name the band of an age in days."""
    return next(str(each["code"]) for each in AGES if days <= each.get("upTo", days))


def _measure(told: JsonObject) -> JsonObject:
    return {
        "resourceType": "Measure",
        "id": told["code"],
        "url": f"{CANONICAL}/Measure/{told['code']}",
        "version": TOLD["version"],
        "name": "".join(part.capitalize() for part in told["code"].split("-")),
        "title": told["title"],
        "status": "active",
        "experimental": False,
        "publisher": "Stepdown",
        "description": told["description"],
        "guidance": TOLD["source"],
    }


MEASURES: Final[tuple[JsonObject, ...]] = tuple(map(_measure, TOLD["measures"]))
