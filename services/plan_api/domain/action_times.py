"""When the actions of a template take place for one person: in a track, beside work and school."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.availability import busy_minutes, fitted
from services.plan_api.domain.service import service_of
from services.plan_api.domain.tracks import chosen, timing_in
from services.plan_api.domain.unmet import Unmet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.availability import Busy, Fitted
    from services.plan_api.domain.preferences import Preferences
    from shared.fhir.reader import JsonObject

_INDIVIDUAL: Final = "individual-therapy"


@dataclass(frozen=True, slots=True)
class Timed:
    """An action at its times; none where the person cannot come at any of them."""

    action: JsonObject | None
    unmet: tuple[Unmet, ...] = ()


@dataclass(frozen=True, slots=True)
class Times:
    """The track that was chosen, and when the person cannot come."""

    track: str | None
    busy: Busy
    individual_as_needed: bool
    unmet: tuple[Unmet, ...]

    def of(self, action: JsonObject) -> Timed:
        """Give an action its timing, without the days on which the person cannot come."""
        if self.individual_as_needed and service_of(action) == _INDIVIDUAL:
            return Timed(_without_timing(action))
        timing = timing_in(action, self.track)
        if timing is None:
            return Timed(action)
        fit = fitted(timing, self.busy)
        kept = None if fit.timing is None else action | {"timingTiming": fit.timing}
        return Timed(kept, (_lost(action, fit),) if fit.lost else ())


def times(actions: Sequence[JsonObject], preferences: Preferences) -> Times:
    """Choose the track of a plan, and tell what of the wished times cannot be."""
    busy = busy_minutes(preferences.busy())
    wished = preferences.one("session-time")
    track = chosen(actions, wished, busy)
    unmet = [
        Unmet(each, "times-not-known", f"Nobody has said at which times there is {each}.")
        for each in preferences.without_times()
    ]
    if wished not in {None, track}:
        told = f"The template has no sessions of the track {wished}."
        unmet.append(Unmet("session-time", "no-such-track", told))
    as_needed = preferences.one("individual-therapy-as-needed") is True
    return Times(track, busy, as_needed, tuple(unmet))


def _without_timing(action: JsonObject) -> JsonObject:
    return {name: value for name, value in action.items() if not name.startswith("timing")}


def _lost(action: JsonObject, fit: Fitted) -> Unmet:
    title = str(action.get("title", action.get("id", "An activity")))
    days = ", ".join(day.capitalize() for day in fit.lost)
    told = f"{title} on {days} meets {' and '.join(fit.because)}."
    return Unmet(service_of(action) or title, "not-at-that-time", told)
