"""The tracks of a template: its sessions by day or in the evening, and the one that fits best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.availability import fitted
from shared.care.canonical import profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.availability import Busy
    from shared.fhir.reader import JsonObject

_TRACK: Final = profile("track")


def timing_in(action: JsonObject, track: str | None) -> JsonObject | None:
    """Give the timing of an action in a track; one that has no tracks has one timing."""
    timings = _timings(action)
    timing: JsonObject | None = action.get("timingTiming")
    return timings.get(str(track), timing)


def chosen(actions: Sequence[JsonObject], preferred: str | None, busy: Busy) -> str | None:
    """Choose the track that is preferred, else the one in which the fewest sessions are lost."""
    names = list(dict.fromkeys(name for each in actions for name in _timings(each)))
    if preferred in names:
        return preferred
    return min(names, key=lambda name: _lost(actions, name, busy), default=None)


def _lost(actions: Sequence[JsonObject], track: str, busy: Busy) -> int:
    timings = (timing_in(action, track) for action in actions)
    return sum(len(fitted(each, busy).lost) for each in timings if each is not None)


def _timings(action: JsonObject) -> dict[str, JsonObject]:
    found: dict[str, JsonObject] = {}
    for extension in action.get("extension", ()):
        if extension.get("url") != _TRACK:
            continue
        if "valueCode" in extension:
            found[extension["valueCode"]] = action.get("timingTiming", {})
        else:
            parts = {part["url"]: part for part in extension.get("extension", ())}
            found[parts["code"]["valueCode"]] = parts["timing"]["valueTiming"]
    return found
