"""What can be chosen for a plan: coping skills, and topics of psychoeducation, as codes.

https://hl7.org/fhir/R4/valueset.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.templates.data import file, headed
from services.plan_api.templates.plan import measured
from shared.care.canonical import CANONICAL, code_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.reader import JsonObject

_DATA: Final = file("catalogue.json")
CODES: Final = file("codes.json")
_TITLES: Final = {
    "coping-skill": "Coping skills that are learned in the programme",
    "psychoeducation-topic": "Topics of psychoeducation",
}
_KINDS: Final = {"coping-skill": "skills", "psychoeducation-topic": "topics"}

SKILLS: Final = {str(each["code"]): each for each in _DATA["skills"]}
TOPICS: Final = {str(each["code"]): each for each in _DATA["topics"]}


def skill_goal(code: str) -> JsonObject:
    """Write the goal of a skill that is to be learned."""
    skill = SKILLS[code]
    coding = {"system": code_system("coping-skill"), "code": code, "display": skill["display"]}
    return {
        "id": f"skill-{code}",
        "description": {"coding": [coding], "text": skill["goal"]},
        "target": [measured(_DATA["skill_target"])],
    }


def topic(code: str) -> JsonObject:
    """Name a topic as an order's detail."""
    display = TOPICS[code]["display"]
    coding = {"system": code_system("psychoeducation-topic"), "code": code, "display": display}
    return {"coding": [coding], "text": display}


def published() -> list[JsonObject]:
    """Write the codes, and the value sets of them."""
    return [resource for name in _KINDS for resource in (_code_system(name), _value_set(name))]


def codes() -> list[JsonObject]:
    """Write the codes by which a plan says what was preferred, and what could not be met."""
    return [
        _system(name, said["title"], said["concepts"]) for name, said in CODES["systems"].items()
    ]


def _code_system(name: str) -> JsonObject:
    concepts = {each["code"]: each["display"] for each in _DATA[_KINDS[name]]}
    value_set = f"{CANONICAL}/ValueSet/{name}"
    return _system(name, _TITLES[name], concepts) | {"valueSet": value_set}


def _system(name: str, title: str, concepts: Mapping[str, str]) -> JsonObject:
    return headed("CodeSystem", name, _DATA["version"]) | {
        "name": name.title().replace("-", ""),
        "title": title,
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts),
        "concept": [{"code": code, "display": each} for code, each in concepts.items()],
    }


def _value_set(name: str) -> JsonObject:
    return headed("ValueSet", name, _DATA["version"]) | {
        "name": name.title().replace("-", ""),
        "title": _TITLES[name],
        "compose": {"include": [{"system": code_system(name)}]},
    }
