"""What a handoff holds, and its windows, as data beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.care.automatic import Policy
from shared.fhir.reader import read

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

Keep = Literal["all", "current", "episode", "latest", "coming", "asked"]

LIST_EMPTY_REASON: Final = "http://terminology.hl7.org/CodeSystem/list-empty-reason"


@dataclass(frozen=True, slots=True)
class Holding:
    """Which resources of one type a section holds: of which categories, and which of these.

    No categories are all of them.
    """

    type: str
    keep: Keep
    categories: frozenset[str]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the document, by its LOINC code or one of ours, with parts of its own.

    `told` names what people read beside, or in place of, a row for each resource.
    """

    code: str
    title: str
    holds: tuple[Holding, ...]
    told: Literal["course", "medicines"] | None = None
    parts: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """A window that opens on the day after the handoff, and lasts so many days."""

    code: str
    text: str
    days: int


def _section(told: dict[str, Any]) -> Section:
    holds = (
        Holding(each["type"], each["keep"], frozenset(each.get("categories", ())))
        for each in told["holds"]
    )
    parts = tuple(map(_section, told.get("parts", ())))
    return Section(told["code"], told["title"], tuple(holds), told.get("told"), parts)


_TOLD: Final[dict[str, Any]] = read((files(__package__) / "handoff.json").read_bytes())

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
ANSWER_DAYS: Final[int] = _TOLD["answerDays"]
# Measures from shortly before the programme are the baseline of its course.
LOOK_BACK: Final = timedelta(days=_TOLD["lookBackDays"])
CLOCKS: Final = tuple(Clock(each["code"], each["text"], each["days"]) for each in _TOLD["clocks"])
SECTIONS: Final = tuple(map(_section, _TOLD["sections"]))
LONGEST_LIST: Final[int] = _TOLD["longestList"]
EMPTY_TEXT: Final[str] = _TOLD["emptyReason"]["text"]
EMPTY_REASON: Final[JsonObject] = {
    "coding": [{"system": LIST_EMPTY_REASON, "code": _TOLD["emptyReason"]["code"]}],
    "text": EMPTY_TEXT,
}
