"""What people read of a plan: its text, and its week as a table.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from shared.care.timing import session_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.reader import JsonObject

_XHTML: Final = "http://www.w3.org/1999/xhtml"
_HEAD: Final = ("Activity", "Days", "Time", "Minutes", "How often")
_UNITS: Final = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "a": "year",
}
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def narrative(sentences: Iterable[str], requests: Sequence[JsonObject] = ()) -> JsonObject:
    """Write sentences, and the week that orders plan."""
    return whole([*map(paragraph, sentences), week(requests)])


def whole(parts: Iterable[str]) -> JsonObject:
    """Put what is written together as a resource's text."""
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{"".join(parts)}</div>'}


def paragraph(text: str) -> str:
    """Write a sentence by itself."""
    return f"<p>{escape(text)}</p>"


def titled(title: str, part: str) -> str:
    """Write a part under its title; nothing where the part is empty."""
    return f"<h3>{escape(title)}</h3>{part}" if part else ""


def bullets(texts: Iterable[str]) -> str:
    """Write a list; nothing where it is empty."""
    items = "".join(f"<li>{escape(each)}</li>" for each in texts)
    return f"<ul>{items}</ul>" if items else ""


def week(requests: Sequence[JsonObject]) -> str:
    """Write the week that orders plan, from its first day to its last."""
    return table(_HEAD, map(_row, sorted(requests, key=_order))) if requests else ""


def table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Write rows under their head."""
    lines = [_line("th", head), *(_line("td", row) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def title_of(request: JsonObject) -> str:
    """Name what an order asks for."""
    return words_of(request.get("code", {})) or "Activity"


def words_of(concept: JsonObject) -> str:
    """Say a concept in its own text, or in the words of its first code that has any."""
    said = (each["display"] for each in concept.get("coding", ()) if "display" in each)
    return str(concept.get("text") or next(said, ""))


def _order(request: JsonObject) -> tuple[int, str, str]:
    repeat = _repeat(request)
    first = min((_WEEKDAYS.index(day) for day in repeat.get("dayOfWeek", ())), default=7)
    return first, next(iter(repeat.get("timeOfDay", ())), ""), title_of(request)


def _row(request: JsonObject) -> tuple[str, ...]:
    repeat = _repeat(request)
    days = ", ".join(str(day).capitalize() for day in repeat.get("dayOfWeek", ()))
    times = ", ".join(str(time)[:5] for time in repeat.get("timeOfDay", ()))
    minutes = session_minutes(request.get("occurrenceTiming", {}))
    return (
        title_of(request),
        days,
        times,
        str(round(minutes)) if minutes else "",
        how_often(request.get("occurrenceTiming", {})),
    )


def how_often(timing: JsonObject) -> str:
    """Say how often an activity meets, and so many times where it names no days or times."""
    repeat = timing.get("repeat", {})
    if "periodUnit" not in repeat:
        dates = len(set(timing.get("event", ())))
        return f"on {dates} date{'s' if dates > 1 else ''}" if dates else "as needed"
    period, unit = str(repeat.get("period", 1)), _UNITS[repeat["periodUnit"]]
    every = f"every {unit}" if period == "1" else f"every {period} {unit}s"
    times = repeat.get("frequency", 1)
    is_plain = times == 1 or "dayOfWeek" in repeat or "timeOfDay" in repeat
    return every if is_plain else f"{times} times {every}"


def _repeat(request: JsonObject) -> JsonObject:
    repeat: JsonObject = request.get("occurrenceTiming", {}).get("repeat", {})
    return repeat


def _line(cell: str, texts: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(text)}</{cell}>' for text in texts)}</tr>"
