"""A second opinion on the clocks as in IET and TRC, which leafs through a calendar too.

It is written apart from the product, and knows no policy file.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from tests.unit.services.clock_oracle import MIND, SELF, SUBSTANCE, days_after, wall_day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from tests.unit.services.clock_oracle import Happened

CARE = ("stay", "emergency", "visit")
# What is asked for after a discharge, and until how many days after it.
AFTER_DISCHARGE = {
    "trc-discharge-information": ("summary", 2),
    "trc-medication-reconciliation": ("medications", 30),
}
# On which day, at what instant where that decides which came first, and what.
Seen = list[tuple[str, str, str]]


def expected(all_of_it: list[Happened], zone: ZoneInfo) -> dict[tuple[str, str], str]:
    """Say of each clock (what started it, its code) how it stands: its status, why or by what."""
    found: dict[tuple[str, str], str] = {}
    for each in all_of_it:
        name = each.name
        if each.kind in CARE and _is_new_episode(each, all_of_it, zone):
            found |= {(name, code): said for code, said in _iet(each, all_of_it, zone).items()}
        if each.kind == "stay":
            found[name, "trc-notification"] = _notification(each, all_of_it, zone)
        if each.kind == "stay" and each.end is not None:
            for code, (kind, last) in AFTER_DISCHARGE.items():
                found[name, code] = _after_discharge(each, kind, last, all_of_it, zone)
    return found


def _is_new_episode(each: Happened, all_of_it: list[Happened], zone: ZoneInfo) -> bool:
    day = _treated(each, zone)
    if each.diagnosis != SUBSTANCE or day is None:
        return False
    for other in all_of_it:
        theirs = _treated(other, zone) if other.diagnosis == SUBSTANCE else None
        if theirs is None or (theirs, other.name) >= (day, each.name):
            continue
        if day in _leaves(theirs, range(195)):
            return False
    return True


def _treated(each: Happened, zone: ZoneInfo) -> str | None:
    """A stay counts on the day on which it is over, whatever else on which it begins."""
    if each.kind != "stay":
        return wall_day(each.start, zone)
    return wall_day(each.end, zone) if each.end else None


def _iet(each: Happened, all_of_it: list[Happened], zone: ZoneInfo) -> dict[str, str]:
    day = _treated(each, zone)
    assert day is not None
    fortnight = _leaves(day, range(14))
    visits = [
        (wall_day(other.start, zone), other.start.astimezone(UTC).isoformat(), other.name)
        for other in all_of_it
        if other.kind == "visit" and other is not each
    ]
    begun = _within(visits, fortnight)
    if each.kind == "stay":
        begun = sorted([*begun, (day, "", each.name)])
    if not begun:
        return {"iet-initiation": _waiting(each, fortnight[-1], all_of_it, zone)}
    window = _leaves(begun[0][0], range(1, 35))
    more = _within(visits, window)[:2]
    engaged = f"completed {more[0][2]} {more[1][2]}" if len(more) == 2 else None
    return {
        "iet-initiation": f"completed {begun[0][2]}",
        "iet-engagement": engaged or _waiting(each, window[-1], all_of_it, zone),
    }


def _notification(each: Happened, all_of_it: list[Happened], zone: ZoneInfo) -> str:
    window = _leaves(wall_day(each.start, zone), range(3))
    notices = [other for other in all_of_it if other.kind == "notice" and other.about == each.name]
    if any(wall_day(notice.start, zone) in window for notice in notices):
        return f"completed {each.name}"
    return _waiting(each, window[-1], all_of_it, zone)


def _after_discharge(
    each: Happened, kind: str, last: int, all_of_it: list[Happened], zone: ZoneInfo
) -> str:
    assert each.end is not None
    day = wall_day(each.end, zone)
    month = days_after(day, 30)
    again = [
        other
        for other in all_of_it
        if other.kind == "stay"
        and wall_day(other.start, zone) <= month
        and _place(other, zone) > _place(each, zone)
    ]
    again.sort(key=lambda other: _place(other, zone))
    done = [
        (wall_day(other.start, zone), "", other.name)
        for other in all_of_it
        if other.kind == kind and other.about in {None, each.name}
    ]
    seen = _within(done, _leaves(day, range(last + 1)))
    if again:
        seen = [deed for deed in seen if deed[0] <= wall_day(again[0].start, zone)]
    if seen:
        return f"completed {seen[0][2]}"
    if not again:
        return "requested"
    if again[0].end is None:
        return "on-hold in-hospital"
    is_of_the_mind = again[0].diagnosis in {MIND, SELF}
    return "cancelled restarted" if is_of_the_mind else "cancelled excluded"


def _waiting(each: Happened, last: str, all_of_it: list[Happened], zone: ZoneInfo) -> str:
    inside = [other for other in all_of_it if other.kind == "stay" and other.end is None]
    stay = min(inside, key=lambda other: _place(other, zone), default=each)
    is_inside = stay is not each and wall_day(stay.start, zone) <= last
    return "on-hold in-hospital" if is_inside else "requested"


def _within(seen: Iterable[tuple[str, str, str]], window: list[str]) -> Seen:
    return sorted(each for each in seen if each[0] in window)


def _leaves(day: str, counts: range) -> list[str]:
    return [days_after(day, count) for count in counts]


def _place(stay: Happened, zone: ZoneInfo) -> tuple[str, str, str]:
    end = wall_day(stay.end, zone) if stay.end else "9999-12-31"
    return end, wall_day(stay.start, zone), stay.name
