"""Search parameters and compartments: one line for each type that a parameter searches.

https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.definitions.compiling.package import JsonObject

# They demonstrate SearchParameter itself; the first would redefine `_id`.
_DEMONSTRATIONS = {"example", "example-extension", "example-reference"}
_SPECIAL = {"_content", "_text"}
_ROOT = re.compile(r"\(*([A-Z][A-Za-z]+)\b")


def search_parameters(definitions: Iterable[JsonObject]) -> list[list[Any]]:
    """Make the lines (type, code, …), sorted."""
    return sorted(line for definition in definitions for line in _lines(definition))


def _lines(definition: JsonObject) -> Iterator[list[Any]]:
    special = definition["code"] in _SPECIAL
    if definition["id"] in _DEMONSTRATIONS or not (definition.get("expression") or special):
        return
    components = [
        [component["definition"], component["expression"]]
        for component in definition.get("component", ())
    ]
    for base in definition["base"]:
        yield [
            base,
            definition["code"],
            "special" if special else definition["type"],
            _expression(definition.get("expression", ""), base),
            sorted(definition.get("target", ())),
            components,
            definition["url"],
            _description(definition["description"], base),
        ]


def _expression(expression: str, base: str) -> str:
    # A shared parameter holds the alternatives of many types; a path without a type is relative.
    wanted = [
        alternative
        for alternative in _alternatives(expression)
        if (root := _ROOT.match(alternative)) is None or root.group(1) == base
    ]
    return " | ".join(wanted)


def _alternatives(expression: str) -> Iterator[str]:
    depth = start = 0
    for at, character in enumerate(expression):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            yield expression[start:at].strip()
            start = at + 1
    yield expression[start:].strip()


def _description(description: str, base: str) -> str:
    own = re.search(rf"^\* \[{base}\]\([^)]*\): (.*)$", description, re.MULTILINE)
    return " ".join((own.group(1) if own else description).split())


def compartments(definitions: Iterable[JsonObject]) -> dict[str, dict[str, list[str]]]:
    """Make one line per compartment: the parameters of each type that put a resource in it."""
    return {
        definition["code"]: {
            # "{def}" says that the compartment's own resource is in it, which needs no parameter.
            resource["code"]: [code for code in resource["param"] if code != "{def}"]
            for resource in definition["resource"]
            if "param" in resource
        }
        for definition in definitions
        if definition["id"] != "example"
    }
