"""What people completed themselves and has lost its ground since: they are asked to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.follow_up import following, marks
from services.intake_api.domain.follow_up.starting import starts
from shared.care import correction
from shared.care.correction import Acted
from shared.care.reconcile import Manner, reconciled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.intake_api.domain.follow_up.course import Course
    from shared.fhir.reader import JsonObject


def completed_by_people(clocks: Iterable[JsonObject], course: Course) -> list[JsonObject]:
    """List the clocks of the policy that people have completed, and no visit."""
    return [
        each
        for each in clocks
        if each["status"] == "completed"
        and not marks.satisfied_by(each)
        and following.is_derived(each, course)
    ]


def reviews(
    done: Sequence[JsonObject],
    course: Course,
    present: Mapping[str, JsonObject | None],
    authored: str,
) -> dict[str, JsonObject]:
    """Give the Tasks to be written about clocks that people completed."""
    started = {each.id for each in starts(course)}
    lost = [(each, each["focus"]["reference"]) for each in done if each["id"] not in started]
    return asked(lost, present, authored)


def asked(
    lost: Sequence[tuple[JsonObject, str]],
    present: Mapping[str, JsonObject | None],
    authored: str,
) -> dict[str, JsonObject]:
    """Give the Tasks to be written about Tasks that people completed, each with what is lost."""
    told = [_review(each, ground, authored) for each, ground in lost]
    return reconciled({each["id"]: each for each in told}, present, _MANNER)


def _review(done: JsonObject, ground: str, authored: str) -> JsonObject:
    who = done.get("owner", {}).get("reference")
    return correction.review(Acted(f"Task/{done['id']}", done["for"], who, ground), authored)


def _revised(before: JsonObject | None, wanted: JsonObject) -> JsonObject | None:
    if before is None:
        return wanted
    is_withdrawn = correction.is_withdrawn(before)
    return correction.asked_again(before, wanted["authoredOn"]) if is_withdrawn else None


_MANNER: Final = Manner(_revised, correction.withdrawn)
