"""A second opinion on clocks: it walks through a wall calendar day by day, knowing no policy file.

It is written apart from the product, and shares nothing with it but the words for what happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# Of each clock: how it starts, its days counted from the trigger's, and for what diagnoses.
MIND, SELF, SUBSTANCE = "F33.1", "X78.9XXA", "F10.20"
TABLE = {
    "follow-up-7d": ("stay", range(1, 8), None),
    "follow-up-30d": ("stay", range(1, 31), None),
    "fum-7d": ("emergency", range(8), {MIND, SELF}),
    "fum-30d": ("emergency", range(31), {MIND, SELF}),
    "fua-7d": ("emergency", range(8), {SUBSTANCE}),
    "fua-30d": ("emergency", range(31), {SUBSTANCE}),
}
FOR_MIND, FOR_SUBSTANCE = (
    {"follow-up-7d": "fuh-7d", "follow-up-30d": "fuh-30d"},
    {
        "follow-up-7d": "fui-7d",
        "follow-up-30d": "fui-30d",
    },
)


@dataclass(frozen=True)
class Happened:
    """Something that took place: a stay, an emergency visit or a visit, from when until when.

    A notice, a summary or medications gone through may be `about` one of them.
    """

    name: str
    kind: str
    start: datetime
    end: datetime | None
    diagnosis: str | None = None
    about: str | None = None


def wall_day(moment: datetime, zone: ZoneInfo) -> str:
    """Read the date off a wall calendar in a zone."""
    return moment.astimezone(zone).strftime("%Y-%m-%d")


@cache
def days_after(day: str, count: int) -> str:
    """Turn the leaves of the calendar."""
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    for _ in range(count):
        noon += timedelta(days=1)
    return noon.strftime("%Y-%m-%d")


def expected(all_of_it: list[Happened], zone: ZoneInfo) -> dict[tuple[str, str], str]:
    """Say of each clock (what started it, its code) how it stands: its status, why or by what."""
    found = {}
    for each in all_of_it:
        for code, (kind, days, diagnoses) in TABLE.items():
            is_for = diagnoses is None or each.diagnosis in diagnoses
            if each.kind == kind and each.end is not None and is_for:
                found[each.name, code] = _standing(each, days, all_of_it, zone)
    return found


def also_as(each: Happened, code: str) -> list[str]:
    """Name what else a clock counts as."""
    if each.diagnosis in {MIND, SELF} and code in FOR_MIND:
        return [FOR_MIND[code]]
    return [FOR_SUBSTANCE[code]] if each.diagnosis == SUBSTANCE and code in FOR_SUBSTANCE else []


def _standing(each: Happened, days: range, all_of_it: list[Happened], zone: ZoneInfo) -> str:
    assert each.end is not None
    day = wall_day(each.end, zone)
    window = [days_after(day, count) for count in days]
    month = days_after(day, 30)
    stays = [other for other in all_of_it if other.kind == "stay" and other is not each]
    if each.kind == "stay":
        again = [
            other
            for other in stays
            if wall_day(other.start, zone) <= month and _later(other, each, zone)
        ]
    else:
        began = wall_day(each.start, zone)
        again = [other for other in stays if began <= wall_day(other.start, zone) <= month]
    again.sort(key=lambda other: _place(other, zone))
    seen = sorted(
        (wall_day(other.start, zone), other.start.astimezone(UTC), other.name)
        for other in all_of_it
        if other.kind == "visit" and wall_day(other.start, zone) in window
    )
    if each.kind == "stay" and again:
        seen = [visit for visit in seen if visit[0] <= wall_day(again[0].start, zone)]
    if seen:
        return f"completed {seen[0][2]}"
    if again:
        return _after_admission(each, again[0])
    inside = [other for other in stays if other.end is None]
    if any(wall_day(other.start, zone) <= window[-1] for other in inside):
        return "on-hold in-hospital"
    return "requested"


def _after_admission(each: Happened, again: Happened) -> str:
    if each.kind == "emergency":
        return "cancelled admitted"
    if again.end is None:
        return "on-hold in-hospital"
    is_of_the_mind = again.diagnosis in {MIND, SELF}
    return "cancelled restarted" if is_of_the_mind else "cancelled excluded"


def _later(one: Happened, other: Happened, zone: ZoneInfo) -> bool:
    return _place(one, zone) > _place(other, zone)


def _place(stay: Happened, zone: ZoneInfo) -> tuple[str, str, str]:
    end = wall_day(stay.end, zone) if stay.end else "9999-12-31"
    return end, wall_day(stay.start, zone), stay.name
