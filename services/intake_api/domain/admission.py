"""Whether somebody who waits for the programme is admitted or declined, and what changes then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.kleene import word
from shared.care.episode import WAITING, is_programme, moved
from shared.care.referral.machine import by_trigger
from shared.care.referral.task import is_tracked, state_of
from shared.care.referral.task import moved as moved_on
from shared.fhir.dates import not_before
from shared.fhir.errors import Conflict, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake_api.domain.level_of_care.assessment import Assessment
    from services.intake_api.domain.level_of_care.valuation import Valued
    from shared.fhir.reader import JsonObject

# A referral's Task that waits for an answer can be rejected; any other that is open, cancelled.
UNANSWERED: Final = frozenset({"requested", "received", "ready"})
OTHERWISE_OPEN: Final = frozenset({"draft", "accepted", "in-progress", "on-hold"})
_RECOMMENDED: Final = frozenset({"recommend-iop", "recommend-iop-with-conditions"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is declined, in words and perhaps by a code, and where to instead."""

    reason: str
    code: JsonObject | None = None
    alternative: str | None = None
    instead: JsonObject | None = None

    @property
    def concept(self) -> JsonObject:
        """Give the reason as a CodeableConcept whose text is what the clinician wrote."""
        return (self.code or {}) | {"text": self.reason}

    @property
    def text(self) -> str:
        """Give the reason and the alternative as one text."""
        return f"{self.reason} (instead: {self.alternative})" if self.alternative else self.reason


def refuse_unless_waiting(episode: JsonObject) -> None:
    """Let only those be admitted or declined who wait for the programme.

    :raises Conflict: naming the status that the episode has, and those that are allowed.
    """
    if not is_programme(episode):
        raise Conflict(
            "This EpisodeOfCare is not one of the programme (type programme|iop).",
            expression="EpisodeOfCare.type",
        )
    if episode["status"] not in WAITING:
        raise Conflict(
            f"This EpisodeOfCare is {episode['status']}; it must be {' or '.join(WAITING)}.",
            expression="EpisodeOfCare.status",
        )


def refuse_unless_admissible(assessment: Assessment, reason: str | None) -> None:
    """Hold a clinician to the level of care: danger blocks, other outcomes need a reason.

    :raises Conflict: naming the criteria that stand in the way, with their evidence.
    """
    blocking = list(_blocking(assessment))
    if blocking:
        raise Conflict(issues=tuple(_named(each) for each in blocking))
    decision = assessment.decision
    if decision.outcome not in _RECOMMENDED and not reason:
        missing = f"; missing are {', '.join(decision.missing)}" if decision.missing else ""
        raise Conflict(
            f"The level of care is {decision.outcome}{missing}. "
            "To admit nevertheless, give the parameter reason."
        )


def admitted(episode: JsonObject, at: str) -> JsonObject:
    """Make an episode active: from now on the programme is responsible."""
    active = moved(episode, "active", at)
    return active | {"period": active["statusHistory"][-1]["period"]}


def waitlisted(episode: JsonObject, at: str) -> JsonObject:
    """Let somebody wait for a place; who waits already keeps their time."""
    return episode if episode["status"] == "waitlist" else moved(episode, "waitlist", at)


def declined(episode: JsonObject, at: str) -> JsonObject:
    """Cancel an episode that never began."""
    return moved(episode, "cancelled", at)


def accepted(referral: JsonObject, at: str) -> JsonObject | None:
    """Accept a referral: its unanswered Task, or its ServiceRequest; None if nothing changes."""
    if is_tracked(referral):
        return _stepped(referral, "accept", at)
    if referral["resourceType"] == "Task" and referral["status"] in UNANSWERED:
        return referral | {"status": "accepted", "lastModified": _modified(referral, at)}
    if referral["resourceType"] == "ServiceRequest" and referral["status"] in {"draft", "on-hold"}:
        return referral | {"status": "active"}
    return None


def rejected(referral: JsonObject, at: str, refusal: Refusal) -> JsonObject | None:
    """Reject a referral; None if it had ended already."""
    status, told = referral["status"], referral
    if refusal.alternative:
        note = {"time": at, "text": f"Instead: {refusal.alternative}"}
        told = referral | {"note": [*referral.get("note", ()), note]}
    if refusal.instead and referral["resourceType"] == "Task":
        output = {"type": {"text": "Instead"}, "valueReference": refusal.instead}
        told = told | {"output": [*referral.get("output", ()), output]}
    if is_tracked(referral):
        told = told | {"statusReason": refusal.concept}
        return _stepped(told, "decline", at) or _stepped(told, "confirm-cancellation", at)
    if referral["resourceType"] == "Task" and status in UNANSWERED | OTHERWISE_OPEN:
        ended = "rejected" if status in UNANSWERED else "cancelled"
        modified = _modified(referral, at)
        return told | {"status": ended, "statusReason": refusal.concept, "lastModified": modified}
    if referral["resourceType"] == "ServiceRequest" and status in {"draft", "active", "on-hold"}:
        return told | {"status": "revoked"}
    return None


def _modified(referral: JsonObject, at: str) -> str:
    # A referrer's clock may run ahead of ours.
    return not_before(at, referral.get("authoredOn", at))


def _stepped(task: JsonObject, trigger: str, at: str) -> JsonObject | None:
    step = by_trigger(state_of(task), trigger)
    return None if step is None else moved_on(task, step, at)


def _blocking(assessment: Assessment) -> Iterator[Valued]:
    exclusions = {each.id for each in assessment.criteria_set.criteria if each.kind == "exclusion"}
    for each in assessment.criteria:
        if each.criterion in exclusions and each.value is True:
            yield each
    yield from assessment.unknown_safety


def _named(told: Valued) -> Issue:
    versions = ", ".join(piece.versioned for piece in told.pieces)
    evidence = f" by {versions}" if versions else ", for there is no evidence"
    return Issue(
        "error",
        "business-rule",
        f"{told.criterion} is {word(told.value)}{evidence}; nobody is admitted like this.",
    )
