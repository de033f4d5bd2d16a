"""Renders the parts of docs/operations.md that follow from what the services declare.

Pure: `python -m services.operation_tables < docs/operations.md` prints the page, in which each part
from `<!-- EpisodeOfCare/$admit -->` to `<!-- end -->` is written again.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from services.intake_api import definition as intake
from services.plan_api import definition as plan
from services.progress_api import definition as progress
from shared.server.operation_definitions import operation_definitions
from shared.server.operations.everywhere import with_engine_operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

_SERVICES: Final = (intake.DEFINITION, plan.DEFINITION, progress.DEFINITION)
_PART: Final = re.compile(r"(?<=<!-- )([^\n]*\$[a-z-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
_HEAD: Final = "| parameter | | type | number | |\n|---|---|---|---|---|\n"


def parts() -> dict[str, str]:
    """Render what is known of each operation, by its name, such as `EpisodeOfCare/$admit`."""
    defined, always = _owners(is_open=True), _owners(is_open=False)
    told = {}
    for defined_id, (definition, owners) in defined.items():
        owner = owners[0] if len(owners) == 1 else "every service"
        condition = "" if defined_id in always else ", as long as it runs open"
        told[_name(definition)] = _part(definition, f"{owner}{condition}")
    return told


def render(page: str) -> str:
    """Write the parts of a page again.

    :raises KeyError: for a part about an operation that no service has.
    """
    told = parts()
    return _PART.sub(lambda found: f"{found[1]}{found[2]}{told[found[1]]}", page)


def named(page: str) -> list[str]:
    """List the operations that a page has a part about, in its order."""
    return [found[1] for found in _PART.finditer(page)]


def _owners(*, is_open: bool) -> dict[str, tuple[JsonObject, list[str]]]:
    found: dict[str, tuple[JsonObject, list[str]]] = {}
    for service in _SERVICES:
        served = with_engine_operations(service, is_open=is_open)
        for each in operation_definitions(served.operations):
            found.setdefault(each["id"], (each, []))[1].append(service.title)
    return found


def _name(definition: JsonObject) -> str:
    return "/".join([*definition.get("resource", ()), definition["title"]])


def _part(definition: JsonObject, owner: str) -> str:
    addresses = " or ".join(_addresses(definition))
    rows = "".join(_rows(definition.get("parameter", ()), ""))
    table = f"\n{_HEAD}{rows}" if rows else ""
    return f"{addresses}, served by {owner}. {definition['description']}\n{table}"


def _addresses(definition: JsonObject) -> Iterator[str]:
    [resource_type] = definition.get("resource", ("Resource",))
    of_type = resource_type if resource_type != "Resource" else "[type]"
    places = {"system": "", "type": f"{of_type}/", "instance": f"{of_type}/[id]/"}
    methods = "POST" if definition["affectsState"] else "GET` or `POST"
    for level, place in places.items():
        if definition[level]:
            yield f"`{methods} [base]/{place}{definition['title']}`"


def _rows(parameters: list[JsonObject], within: str) -> Iterator[str]:
    for each in parameters:
        name, told = f"{within}{each['name']}", each["documentation"].replace("|", "\\|")
        number = f"{each['min']}..{each['max']}"
        yield f"| `{name}` | {each['use']} | {each.get('type', '')} | {number} | {told} |\n"
        yield from _rows(each.get("part", []), f"{name}.")


if __name__ == "__main__":
    sys.stdout.write(render(sys.stdin.read()))
