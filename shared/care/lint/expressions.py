"""A rule about calculated expressions: they must see the answers that they count.

https://hl7.org/fhir/uv/sdc/expressions.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.care.lint.forms import items
from shared.care.lint.rule import Defect, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.lint.forms import Item
    from shared.care.lint.rule import Given
    from shared.fhir.reader import JsonObject

# Under whichever guide's canonical.
_CALCULATED: Final = "questionnaire-calculatedExpression"
_WHERE: Final = r"(?:\.where\((?:[^()]|\([^()]*\))*\))?"
# From the response through so many levels of items to their answers.
_WAY: Final = re.compile(rf"%resource((?:\.item{_WHERE})+)\.answer")
_LEVEL: Final = re.compile(rf"\.item({_WHERE})")
_NAMED: Final = re.compile(r"linkId\s*=\s*'([^']*)'")
_ASKING: Final = frozenset({"choice", "open-choice", "integer", "decimal", "quantity"})


def _sees(resource: JsonObject, given: Given) -> Iterator[Defect]:
    found = items(resource, given)
    for place, expression in _calculated(resource, found):
        for way in _WAY.finditer(expression):
            levels = _LEVEL.findall(way[1])
            unseen = [item for item in _asked(found, levels) if item.depth != len(levels)]
            if unseen:
                told = (
                    f"The expression looks at level {len(levels)} of the items, and "
                    f"{len(unseen)} of those that it counts are at level {unseen[0].depth}."
                )
                yield Defect(place, told)


def _calculated(resource: JsonObject, found: list[Item]) -> Iterator[tuple[str, str]]:
    elements = [("Questionnaire", resource), *((item.place, item.element) for item in found)]
    for place, element in elements:
        for index, each in enumerate(element.get("extension", ())):
            if str(each.get("url")).endswith(_CALCULATED):
                expression = each.get("valueExpression", {}).get("expression", "")
                yield f"{place}.extension[{index}]", expression


def _asked(found: list[Item], levels: list[str]) -> list[Item]:
    """List the items that are counted: those that are named, or else all that are asked."""
    named = set(_NAMED.findall(levels[-1]))
    if named:
        return [item for item in found if item.element.get("linkId") in named]
    own = (item for item in found if not _is_calculated(item))
    return [item for item in own if item.element.get("type") in _ASKING]


def _is_calculated(item: Item) -> bool:
    urls = (str(each.get("url")) for each in item.element.get("extension", ()))
    return any(url.endswith(_CALCULATED) for url in urls)


RULES: Final = (
    Rule(
        "expression-sees-no-answers",
        "A calculated expression reaches the answers that it counts.",
        "Of answers inside a group it sees none, and the total is 0 or nothing at all.",
        _sees,
        frozenset({"Questionnaire"}),
    ),
)
