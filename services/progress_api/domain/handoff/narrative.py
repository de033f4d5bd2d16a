"""What people read of a section: a table of what it holds, or that there is nothing.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.facts import day_of, name_of, result_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.progress_api.domain.handoff.course import Measure
    from services.progress_api.domain.handoff.medications import Medicine
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

_XHTML: Final = "http://www.w3.org/1999/xhtml"


def narrative(*markup: str) -> JsonObject:
    """Put pieces of markup together, as a narrative that was generated."""
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{"".join(markup)}</div>'}


def paragraphs(texts: Iterable[str]) -> str:
    """Write sentences."""
    return "".join(f"<p>{_escaped(each)}</p>" for each in texts)


def table_of(resources: Sequence[JsonObject], reading: Reading) -> str:
    """Write a row for each resource: its day, its name, and what came of it."""
    rows = [(day_of(each, reading), name_of(each), result_of(each)) for each in resources]
    return _table(("Date", "What", "Result or state"), rows)


def table_of_course(measures: Sequence[Measure]) -> str:
    """Write a row for each measure: its baseline, its latest value, and the change."""
    rows = [(each.name, each.baseline, each.latest, each.change) for each in measures]
    return _table(("Measure", "Baseline", "Latest", "Change"), rows) if rows else ""


def table_of_medicines(medicines: Sequence[Medicine]) -> str:
    """Write a row for each medicine: as ordered, as taken, and how these differ."""
    rows = [(each.name, each.ordered, each.taken, each.difference) for each in medicines]
    return _table(("Medicine", "Ordered", "Taken", "Difference"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f"<th>{each}</th>" for each in head)
    lines = "".join(
        f"<tr>{''.join(f'<td>{_escaped(each)}</td>' for each in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def _escaped(text: str) -> str:
    # XML cannot hold control characters at all.
    return escape("".join(each if each.isprintable() else " " for each in text))
