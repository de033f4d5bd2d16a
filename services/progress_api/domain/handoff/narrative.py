"""What people read of a section: a table of what it holds, or that there is nothing.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.facts import day_of, name_of, result_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

_XHTML: Final = "http://www.w3.org/1999/xhtml"
_HEAD: Final = ("Date", "What", "Result or state")


def table_of(resources: Sequence[JsonObject], reading: Reading) -> JsonObject:
    """Write a row for each resource: its day, its name, and what came of it."""
    head = "".join(f"<th>{each}</th>" for each in _HEAD)
    rows = "".join(f"<tr>{_cells(each, reading)}</tr>" for each in resources)
    return _narrative(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def paragraphs(texts: Iterable[str]) -> JsonObject:
    """Write sentences."""
    return _narrative("".join(f"<p>{_escaped(each)}</p>" for each in texts))


def _cells(resource: JsonObject, reading: Reading) -> str:
    told = (day_of(resource, reading), name_of(resource), result_of(resource))
    return "".join(f"<td>{_escaped(each)}</td>" for each in told)


def _escaped(text: str) -> str:
    # XML cannot hold control characters at all.
    return escape("".join(each if each.isprintable() else " " for each in text))


def _narrative(markup: str) -> JsonObject:
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{markup}</div>'}
