"""What becomes of an episode that waits, when the referrals that asked for it are corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.decline_review import stands
from shared.care.episode import WAITING, is_programme, moved
from shared.care.subject import patient_of

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from shared.fhir.reader import JsonObject

MISTAKEN: Final = "entered-in-error"


def withdrawn(
    episode: JsonObject,
    referrals: Sequence[JsonObject | None],
    person: Container[str],
    *,
    at: str,
    bases: tuple[str, ...],
) -> JsonObject | None:
    """Take back an episode that waits when none of its referrals stands; None leaves it.

    Whose referral it turns out to be, theirs is the episode then.
    """
    if episode["status"] not in WAITING or not is_programme(episode):
        return None
    if not referrals or any(stands(each, person, bases) for each in referrals):
        return None
    told = [each for each in referrals if each and each.get("status") != MISTAKEN]
    others = {patient_of(each, "subject", bases) for each in told}
    if len(others) == 1 and (other := others.pop()):
        return episode | {"patient": {"reference": f"Patient/{other}"}}
    return moved(episode, MISTAKEN, at)


def restored(
    episode: JsonObject,
    before: JsonObject,
    referrals: Sequence[JsonObject | None],
    person: Container[str],
    bases: tuple[str, ...],
) -> JsonObject | None:
    """Let an episode that we took back wait again as `before`, when a referral stands again."""
    if not any(stands(each, person, bases) for each in referrals):
        return None
    rest = {name: value for name, value in episode.items() if name != "statusHistory"}
    history = {name: before[name] for name in ("statusHistory",) if name in before}
    return rest | history | {"status": before["status"]}
