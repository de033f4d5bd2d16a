"""The law about level of care: nobody is admitted to the programme without a decision on it.

It holds whoever admits from waiting, by `$admit` or by a plain write. What the last decision does
not recommend needs a reason: a Provenance that the Practitioner signs in the same transaction.
"""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import CANONICAL, code_system
from shared.care.episode import is_admission
from shared.care.law import CareChange, Found, Law, Need
from shared.care.subject import patient_of
from shared.fhir.dates import date_range, moment
from shared.fhir.errors import Issue
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = read((files(__package__) / "admission_decision.json").read_bytes())
_SET: Final = f"{CANONICAL}/Library/{_DATA['criteriaSet']}|"
_CRITERION: Final = code_system("level-of-care-criterion")
_EXCLUSIONS: Final = ",".join(f"{_CRITERION}|{each}" for each in _DATA["exclusions"])
_STATED: Final = ("status", "final,amended,corrected")
_ASK: Final = "ask Patient/$level-of-care"


def an_admission_follows_a_decision(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse to admit whom the last decision forbids, or does not recommend without a reason."""
    if not found:
        return
    decisions, signatures, exclusions = found
    last = _last(decisions)
    signed = [each for each in signatures if _is_signed_now(each, change)]
    told = _refused(last, signed) or _overtaken(last, signed, exclusions)
    if told is not None:
        yield Issue("error", "conflict", told, "EpisodeOfCare.status")


def _refused(last: JsonObject | None, signed: list[JsonObject]) -> str | None:
    if last is None:
        return f"There is no decision on the level of care; {_ASK}."
    outcome = _values(last, "outcome")
    if not outcome.isdisjoint(_DATA["forbidden"]) or _safety_unknown(last):
        return "The last decision on the level of care forbids it: an exclusion holds or is open."
    if outcome.isdisjoint(_DATA["recommended"]) and not any("reason" in each for each in signed):
        return f"The level of care is {', '.join(outcome)}. To admit nevertheless, use $admit."
    return None


def _overtaken(
    last: JsonObject | None, signed: list[JsonObject], exclusions: Iterable[JsonObject]
) -> str | None:
    """Tell whether an exclusion was stated after a decision that the admission does not name."""
    if last is None or any(_names(each, last) for each in signed):
        return None
    decided = moment(_decided(last))
    later = (e for e in exclusions if e.get("valueBoolean") is not False and decided < _when(e))
    return f"An exclusion was stated after the decision; {_ASK} again." if any(later) else None


def _last(decisions: Iterable[JsonObject]) -> JsonObject | None:
    ours = (e for e in decisions if str(e.get("moduleCanonical", "")).startswith(_SET))
    stands = (each for each in ours if each.get("status") != "entered-in-error")
    dated = (each for each in stands if "occurrenceDateTime" in each)
    return max(dated, key=_decided, default=None)


def _decided(decision: JsonObject) -> int:
    return date_range(decision["occurrenceDateTime"])[0]


def _is_signed_now(provenance: JsonObject, change: CareChange) -> bool:
    who = {each["who"].get("reference") for each in provenance["agent"]}
    # The record keeps milliseconds.
    return change.caller in who and abs((_when(provenance) - change.now).total_seconds()) < 0.001


def _names(provenance: JsonObject, decision: JsonObject) -> bool:
    named = (each["what"].get("reference", "") for each in provenance.get("entity", ()))
    return any(each.startswith(f"GuidanceResponse/{decision['id']}") for each in named)


def _safety_unknown(decision: JsonObject) -> bool:
    criteria = _parameters(decision, "criterion")
    told = [{p["name"]: p.get("valueCode") for p in each.get("part", ())} for each in criteria]
    return any(e.get("code") in _DATA["safety"] and e.get("value") == "unknown" for e in told)


def _values(decision: JsonObject, name: str) -> set[str]:
    return {str(each.get("valueCode")) for each in _parameters(decision, name)}


def _parameters(decision: JsonObject, name: str) -> list[JsonObject]:
    traces = [e for e in decision.get("contained", ()) if e["resourceType"] == "Parameters"]
    return [each for trace in traces for each in trace.get("parameter", ()) if each["name"] == name]


def _when(resource: JsonObject) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


def _needs(change: CareChange) -> tuple[Need, ...]:
    patient_id = patient_of(change.after, "patient", change.bases)
    if patient_id is None or not is_admission(change):
        return ()
    patient = ("patient", f"Patient/{patient_id}")
    return (
        Need("GuidanceResponse", (patient,)),
        Need("Provenance", (("target", f"EpisodeOfCare/{change.after['id']}"),)),
        Need("Observation", (patient, ("code", _EXCLUSIONS), _STATED)),
    )


LAWS: Final = (Law("EpisodeOfCare", an_admission_follows_a_decision, _needs),)
