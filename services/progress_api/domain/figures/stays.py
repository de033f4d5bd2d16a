"""When people were in a programme: by the status of their episodes, and elsewhere meanwhile.

A status that an episode has now need not stand in its history.
https://hl7.org/fhir/R4/episodeofcare-definitions.html#EpisodeOfCare.statusHistory
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.dates import MAX_TIME, MIN_TIME, date_range

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

_IN_CARE: Final = frozenset({"active", "onhold"})
_TOLD: Final = frozenset({*_IN_CARE, "finished"})


def in_programme(episode: JsonObject, zone: tzinfo) -> list[Range]:
    """Give the times in which an episode was active, as its history and its status tell them."""
    whole = _range(episode.get("period", {}), zone)
    history = [
        (each.get("status"), _range(each.get("period", {}), zone))
        for each in episode.get("statusHistory", ())
    ]
    told = [span for status, span in history if status == "active"]
    if episode["status"] == "active":
        return [*told, *_since_then(whole[0], [span for _, span in history], told)]
    if told:
        # Who ended an episode may have left the last line of its history open.
        return [(low, min(high, whole[1])) for low, high in told if low < whole[1]]
    return [whole] if episode["status"] in _TOLD and "period" in episode else []


def stay(episode: JsonObject, zone: tzinfo) -> list[Range]:
    """Give the time from the admission until the person left, none where they did not come."""
    spans = in_programme(episode, zone)
    if not spans:
        return []
    low, high = min(spans)[0], max(end for _, end in spans)
    if episode["status"] in _IN_CARE:
        return [(low, MAX_TIME)]
    if "end" in episode.get("period", {}):
        high = max(high, _range(episode["period"], zone)[1])
    return [(low, high)]


def _since_then(begins: int, history: Sequence[Range], told: Sequence[Range]) -> list[Range]:
    """Give the time since an episode is active, where its history does not tell it as going on."""
    if any(high == MAX_TIME for _, high in told):
        return []
    since = max([begins, *(low if high == MAX_TIME else high for low, high in history)])
    return [(since, MAX_TIME)]


def _range(period: JsonObject, zone: tzinfo) -> Range:
    low = date_range(period["start"], zone)[0] if "start" in period else MIN_TIME
    return low, _end(period["end"], zone) if "end" in period else MAX_TIME


def _end(text: str, zone: tzinfo) -> int:
    """Give the end of a day or month that is told as the last, or the instant itself."""
    begins, ends = date_range(text, zone)
    return begins if "T" in text else ends
