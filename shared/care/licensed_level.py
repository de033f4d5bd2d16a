"""Levels of care that licensed tools came to: taken in as evidence, and never computed here.

An Observation whose code is one of a tool's holds the level as a coded value, the edition of the
tool as the coding's version, and who or what came to it as performer.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from shared.care.canonical import code_system
from shared.care.law import CareChange, Law
from shared.fhir.errors import Issue
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.care.law import Found
    from shared.fhir.reader import JsonObject

SYSTEM: Final = code_system("licensed-level")
_STATED: Final = frozenset({"final", "amended", "corrected"})


@dataclass(frozen=True, slots=True)
class Tool:
    """A licensed tool: the levels of its editions, and the policies of a level's weekly hours."""

    code: str
    title: str
    editions: Mapping[str, tuple[str, ...]]
    hours: Mapping[str, tuple[str, ...]]

    @property
    def system(self) -> str:
        """Name the CodeSystem of its levels."""
        return code_system(self.code)


@dataclass(frozen=True, slots=True)
class Level:
    """A level that a tool came to, and the edition by which; empty where none is told."""

    tool: Tool
    edition: str
    code: str


def _tool(told: JsonObject) -> Tool:
    return Tool(
        told["code"],
        told["title"],
        {edition: tuple(levels) for edition, levels in told["editions"].items()},
        {level: tuple(policies) for level, policies in told["hours"].items()},
    )


_DATA: Final = read(files("shared.care").joinpath("licensed_levels.json").read_bytes())
POLICY_VERSION: Final[str] = _DATA["version"]
SOURCE: Final[str] = _DATA["source"]
TOOLS: Final = tuple(map(_tool, _DATA["tools"]))


def level_of(observation: JsonObject) -> Level | None:
    """Read the level that an Observation holds; None where it holds none of a tool."""
    tool = _tool_of(observation)
    codings = observation.get("valueCodeableConcept", {}).get("coding", ())
    if tool is None:
        return None
    found = (each for each in codings if each.get("system") == tool.system and "code" in each)
    coding = next(found, None)
    return Level(tool, coding.get("version", ""), coding["code"]) if coding else None


def known_level(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse a level that its tool does not have, or that nobody stands by."""
    observation = change.after
    codes = _codes(observation)
    if not codes or observation.get("status") not in _STATED:
        return
    tool = _tool_of(observation)
    if tool is None:
        known = ", ".join(each.code for each in TOOLS)
        yield _refused(f"There is no such licensed tool here; known are {known}.", "code")
        return
    if not observation.get("performer"):
        yield _refused("Who came to this level must be told: give a performer.", "performer")
    level = level_of(observation)
    if level is None:
        yield _refused(f"The level must be coded by {tool.system}.", "value")
    elif level.edition not in tool.editions:
        known = ", ".join(tool.editions)
        yield _refused(f"The coding's version must be an edition of it: {known}.", "value")
    elif level.code not in tool.editions[level.edition]:
        known = ", ".join(tool.editions[level.edition])
        yield _refused(f"Edition {level.edition} has no such level; it has {known}.", "value")


def _codes(observation: JsonObject) -> set[str]:
    codings = observation["code"].get("coding", ())
    return {each.get("code", "") for each in codings if each.get("system") == SYSTEM}


def _tool_of(observation: JsonObject) -> Tool | None:
    codes = _codes(observation)
    return next((each for each in TOOLS if each.code in codes), None)


def _refused(text: str, element: str) -> Issue:
    return Issue("error", "business-rule", text, f"Observation.{element}")


LAWS: Final = (Law("Observation", known_level),)
