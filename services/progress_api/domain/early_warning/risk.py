"""The risks of a relapse and of dropping out: a level in words, and what it rests on.

No probability is given, because none is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from services.progress_api.domain.early_warning.policy import (
    DROP_OUT_WITHIN,
    HIGH_FROM,
    HIGH_WITH,
    RELAPSE_WITHIN,
    RULES,
)
from services.progress_api.domain.no_show.signals import questions, repeated, standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from services.progress_api.domain.early_warning.stated import Stated
    from services.progress_api.domain.no_show.history import History

Level = Literal["low", "moderate", "high"]


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that warns: of which kind, since when, and what shows it."""

    kind: str
    title: str
    at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Risk:
    """How high a risk is as of a moment, and the signs that make it so; none where it is low.

    It rests on those signs, or where it is low on the `earlier` ones that nothing has come after.
    """

    outcome: Literal["relapse", "drop-out"]
    level: Level
    at: datetime
    signs: tuple[Sign, ...]
    earlier: tuple[Sign, ...] = ()


def risks(told: Sequence[Stated], untaken: Sequence[Sign], history: History) -> list[Risk]:
    """Weigh what warns; of who never showed a sign there is nothing to tell."""
    found = (_relapse(told, untaken, history), _drop_out(history))
    return [each for each in found if each is not None]


def _relapse(told: Sequence[Stated], untaken: Sequence[Sign], history: History) -> Risk | None:
    signs = sorted([*_signs(told), *untaken, *_missed(history)], key=lambda e: (e.at, e.reference))
    if not signs:
        return None
    seen = [*(e.at for e in told), *(e.at for e in signs), *(e.start for e in history.sessions)]
    recent = _recent(signs, max(seen), RELAPSE_WITHIN)
    kinds = {each.kind for each in recent}
    is_high = bool(kinds & HIGH_WITH) or len(kinds) >= HIGH_FROM
    level = "high" if is_high else _level(recent)
    return Risk("relapse", level, max(seen), recent, tuple(signs))


def _drop_out(history: History) -> Risk | None:
    earlier = _ever_missed(history)
    if not earlier:
        return None
    last = history.sessions[-1].start
    signal = standing(history.sessions)
    if signal is not None:
        signs = [Sign(signal.kind, _MISSED, e.start, _appointment(e.id)) for e in signal.missed]
        return Risk("drop-out", "high", last, tuple(signs), earlier)
    recent = _recent(list(_missed(history)), last, DROP_OUT_WITHIN)
    return Risk("drop-out", _level(recent), last, recent, earlier)


def _ever_missed(history: History) -> tuple[Sign, ...]:
    """List what has ever warned: one session missed says nothing."""
    asking = {(e.start, e.id) for each in questions(history) for e in each.missed}
    told = {(each.at, each.reference): each for each in _missed(history)}
    told |= {
        (start, _appointment(id_)): Sign("attendance", _MISSED, start, _appointment(id_))
        for start, id_ in asking
    }
    return tuple(told[each] for each in sorted(told))


_MISSED = "Session missed"


def _signs(told: Sequence[Stated]) -> Iterator[Sign]:
    for each in told:
        for rule in RULES:
            if each.code in rule.codes and (each.value or 0) >= rule.least:
                yield Sign(rule.kind, rule.title, each.at, each.reference)


def _missed(history: History) -> Iterator[Sign]:
    for pair in repeated(history):
        for each in pair:
            yield Sign("attendance", _MISSED, each.start, _appointment(each.id))


def _recent(signs: Sequence[Sign], now: datetime, within: timedelta) -> tuple[Sign, ...]:
    return tuple(each for each in signs if each.at > now - within)


def _level(signs: Sequence[Sign]) -> Level:
    return "moderate" if signs else "low"


def _appointment(logical_id: str) -> str:
    return f"Appointment/{logical_id}"
