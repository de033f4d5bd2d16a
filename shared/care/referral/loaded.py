"""A handoff that is history: over, and of a programme that was over when it was first told here.

Such a handoff took its steps in another record, so that it may be told as it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.law import CareChange, Need
from shared.care.referral.task import is_handoff
from shared.care.subject import patient_of
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from shared.care.law import Found
    from shared.fhir.reader import JsonObject

_OVER: Final = frozenset({"completed", "failed", "rejected", "cancelled"})


def programmes(change: CareChange) -> tuple[Need, ...]:
    """Name the programme that a handoff which begins as ended says that it is for."""
    after = change.after
    if change.before is not None or not is_handoff(after) or after["status"] not in _OVER:
        return ()
    told = after.get("reasonReference", {}).get("reference", "")
    link = parse_reference(told, change.bases)
    if link.kind != "local" or link.type != "EpisodeOfCare" or link.id is None:
        return ()
    return (Need("EpisodeOfCare", (("_id", link.id),)),)


def is_history(change: CareChange, found: Found) -> bool:
    """Tell whether a new handoff is one of a programme that never ran in this record."""
    whose = patient_of(change.after, "for", change.bases)
    return whose is not None and any(
        _was_told_as_over(each) and patient_of(each, "patient", change.bases) == whose
        for each in (found[0] if found else ())
    )


def _was_told_as_over(episode: JsonObject) -> bool:
    """Tell whether the record has an episode as finished, and never had it otherwise."""
    return bool(episode["status"] == "finished" and episode["meta"]["versionId"] == "1")
