"""What figures are counted from: what the record holds of the people of a programme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.care.spans import within
from shared.fhir.dates import MAX_TIME, MIN_TIME, date_range

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Evidence:
    """Contents by their kind; `orders` and `encounters` by id."""

    episodes: Sequence[JsonObject]
    referrals: Sequence[JsonObject]
    clocks: Sequence[JsonObject]
    handoffs: Sequence[JsonObject]
    appointments: Sequence[JsonObject]
    weeks: Sequence[JsonObject]
    changes: Sequence[JsonObject]
    plans: Sequence[JsonObject]
    orders: Mapping[str, JsonObject]
    encounters: Mapping[str, JsonObject]
    bases: tuple[str, ...]


def in_programme(episode: JsonObject, zone: tzinfo) -> list[Range]:
    """Give the times in which an episode was active, as its history tells them."""
    told = [
        _range(each.get("period", {}), zone)
        for each in episode.get("statusHistory", ())
        if each.get("status") == "active"
    ]
    if told or episode["status"] not in {"active", "onhold", "finished"}:
        return told
    return [_range(episode.get("period", {}), zone)] if "period" in episode else []


def touches(spans: Sequence[Range], time: Range) -> bool:
    """Tell whether any of the times lies partly in another."""
    return bool(within(spans, [time]))


def _range(period: JsonObject, zone: tzinfo) -> Range:
    low = date_range(period["start"], zone)[0] if "start" in period else MIN_TIME
    return low, _end(period["end"], zone) if "end" in period else MAX_TIME


def _end(text: str, zone: tzinfo) -> int:
    """Give the end of a day or month that is told as the last, or the instant itself."""
    begins, ends = date_range(text, zone)
    return begins if "T" in text else ends
