"""In which phase a person is, and how an outcome reads for somebody in the programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from shared.care.episode import is_programme

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.intake_api.domain.level_of_care.criteria_set import Outcome
    from services.intake_api.domain.level_of_care.evidence import Evidence

Reading = Literal[
    "step-up-needed",
    "step-down-ready",
    "continue",
    "continue-with-conditions",
    "not-decided",
]

_IN_PROGRAMME: Final = frozenset({"active", "onhold"})
READINGS: Final[Mapping[Outcome, Reading]] = {
    "higher": "step-up-needed",
    "lower": "step-down-ready",
    "recommend-iop": "continue",
    "recommend-iop-with-conditions": "continue-with-conditions",
    "insufficient-information": "not-decided",
}


def episode_in_programme(pool: Sequence[Evidence]) -> Evidence | None:
    """Find the episode by which a person is in the programme now."""
    episodes = (each for each in pool if each.content["resourceType"] == "EpisodeOfCare")
    running = [
        each
        for each in episodes
        if is_programme(each.content) and each.content["status"] in _IN_PROGRAMME
    ]
    return min(running, key=lambda each: each.versioned, default=None)
