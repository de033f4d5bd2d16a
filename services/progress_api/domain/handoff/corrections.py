"""What of a person's record was corrected after it was handed over, and what was known till then.

A correction is a fact that turns out to be another one, nobody's, somebody else's, or under another
protection. That things went on since is none: a packet tells how they stood.
"""

from __future__ import annotations

from itertools import dropwhile, pairwise
from typing import TYPE_CHECKING, Final

from shared.care.session import patient_of_appointment
from shared.care.subject import patient_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from shared.fhir.reader import JsonObject

_MISTAKEN: Final = frozenset({"entered-in-error", "refuted"})
_PRELIMINARY: Final = "preliminary"
_PUT_RIGHT: Final = frozenset({"amended", "corrected"})
_STATED: Final = ("code", "subject", "patient", "component", "dataAbsentReason")
_CHOICES: Final = (
    *("value", "effective", "medication", "vaccine", "performed", "occurrence", "onset"),
)
# What else a type tells as a fact, once it is no longer being written or going on.
_MORE: Final = {
    "AllergyIntolerance": ("criticality", "reaction"),
    "Encounter": ("class", "diagnosis", "period", "reasonCode", "reasonReference"),
    "EpisodeOfCare": ("diagnosis", "managingOrganization", "period", "type"),
    "MedicationRequest": ("dosageInstruction",),
    "MedicationStatement": ("dosage",),
    "QuestionnaireResponse": ("item",),
}
# What has no course of its own: they are only finished.
_RESULTS: Final = frozenset({"DiagnosticReport", "Observation", "QuestionnaireResponse"})
_NOT_YET: Final = frozenset(
    {"arrived", "draft", "in-progress", "onleave", "planned", _PRELIMINARY, "triaged"}
)


def as_told(version: JsonObject | None) -> JsonObject | None:
    """Give what a version tells: answers that are still being given tell nothing."""
    is_answers = version is not None and version["resourceType"] == "QuestionnaireResponse"
    return None if version and is_answers and version["status"] == "in-progress" else version


def is_correction(before: JsonObject, after: JsonObject | None) -> bool:
    """Tell whether a version puts right what the one before has told; None was deleted."""
    if after is None or _is_mistaken(before) != _is_mistaken(after):
        return True
    if after.get("status") in _PUT_RIGHT and _content(before) != _content(after):
        return True
    if _labels(before) != _labels(after):
        return True
    if before.get("status") == _PRELIMINARY:
        return False
    names = _STATED if before.get("status") in _NOT_YET else _named(before)
    facts = _facts(before, names)
    return facts != _as_begun(_facts(after, names), facts)


def is_recount(before: JsonObject, after: JsonObject | None) -> bool:
    """Tell whether what was counted of a time for the present is counted anew."""
    is_count = before.get("status") == _PRELIMINARY and "effectivePeriod" in before
    return is_count and after is not None and _facts(before, _STATED) != _facts(after, _STATED)


def with_facts_of(then: JsonObject, now: JsonObject) -> JsonObject:
    """Give what stood then with the facts and labels as they stand now; how it went on is left."""
    facts = _facts(then, _named(then))
    rest = {name: value for name, value in then.items() if name not in facts}
    told = rest | _as_begun(_facts(now, _named(now)), facts)
    is_another = told != then or _labels(then) != _labels(now)
    return told | {"meta": now["meta"]} if is_another else then


def as_corrected(
    versions: Sequence[tuple[datetime, JsonObject | None]],
    at: datetime,
    is_of_before: Callable[[JsonObject], bool],
) -> tuple[JsonObject | None, bool]:
    """Give what is to be told of a resource, and whether that was learnt since an instant.

    `versions` come from the first to the last. What was corrected is told as the last correction
    has left it, and results as they stand now; anything else as it stood then, or as it was first
    told if that was later: then it must be of the time before.
    """
    known = [as_told(content) for updated, content in versions if updated <= at][-1:]
    later = [as_told(content) for updated, content in versions if updated > at]
    was_known = known not in ([], [None])
    following = list(dropwhile(lambda each: each is None, [*known, *later]))
    if not following:
        return None, False
    corrected = [
        after
        for before, after in pairwise(following)
        if before is None
        or is_correction(before, after)
        # Of a time that was over, a count that follows has only heard of more that was so.
        or (is_recount(before, after) and is_of_before(before))
    ]
    if corrected and any(each["resourceType"] in _RESULTS for each in following if each):
        corrected = following
    told = [following[0], *corrected][-1]
    if was_known or told is None:
        return told, bool(corrected)
    return (told, True) if is_of_before(told) else (None, False)


def persons(versions: Iterable[JsonObject | None], bases: tuple[str, ...]) -> list[str]:
    """Name the ids of those whom versions of a resource are about."""
    named = {_patient(each, bases) for each in versions if each}
    return sorted(each for each in named if each)


def _patient(resource: JsonObject, bases: tuple[str, ...]) -> str | None:
    if resource["resourceType"] == "Appointment":
        return patient_of_appointment(resource, bases)
    return patient_of(resource, "patient" if "patient" in resource else "subject", bases)


def _is_mistaken(resource: JsonObject) -> bool:
    verified = resource.get("verificationStatus", {})
    codes = {each.get("code") for each in verified.get("coding", ())}
    return bool(_MISTAKEN & (codes | {resource.get("status")}))


def _labels(resource: JsonObject) -> set[str]:
    return {str(each.get("code")) for each in resource.get("meta", {}).get("security", ())}


def _named(resource: JsonObject) -> tuple[str, ...]:
    return (*_STATED, *_MORE.get(resource["resourceType"], ()))


def _facts(resource: JsonObject, names: Sequence[str]) -> JsonObject:
    return {
        name: value
        for name, value in resource.items()
        if name in names or name.startswith(_CHOICES)
    }


def _as_begun(after: JsonObject, before: JsonObject) -> JsonObject:
    """Give facts without the ends of what still went on before: it has only ended since."""
    going_on = {n for n in before if n.lower().endswith("period") and "end" not in before[n]}
    return {
        name: {k: v for k, v in value.items() if k != "end"} if name in going_on else value
        for name, value in after.items()
    }


def _content(resource: JsonObject) -> JsonObject:
    return {name: value for name, value in resource.items() if name not in {"meta", "status"}}
