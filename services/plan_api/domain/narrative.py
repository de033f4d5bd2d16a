"""What people read of a plan: its text, and its week as a table.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from shared.care.weekly_hours import session_minutes

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
    told = "".join(f"<p>{escape(each)}</p>" for each in sentences)
    week = _table(map(_row, sorted(requests, key=_order))) if requests else ""
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{told}{week}</div>'}


def title_of(request: JsonObject) -> str:
    """Name what an order asks for."""
    code = request.get("code", {})
    display = next((each["display"] for each in code.get("coding", ()) if "display" in each), None)
    return str(code.get("text") or display or "Activity")


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
        _how_often(repeat),
    )


def _how_often(repeat: JsonObject) -> str:
    if "periodUnit" not in repeat:
        return "as needed"
    period = str(repeat.get("period", 1))
    unit = _UNITS[repeat["periodUnit"]]
    return f"every {unit}" if period == "1" else f"every {period} {unit}s"


def _repeat(request: JsonObject) -> JsonObject:
    repeat: JsonObject = request.get("occurrenceTiming", {}).get("repeat", {})
    return repeat


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = [_line("th", _HEAD), *(_line("td", row) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _line(cell: str, texts: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(text)}</{cell}>' for text in texts)}</tr>"
