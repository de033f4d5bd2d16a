"""What an action needs of the record before it is ordered: a consent, an indication, a guardian.

https://hl7.org/fhir/R4/metadatatypes.html#DataRequirement
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.unmet import Reason, Unmet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from shared.fhir.reader import JsonObject

_ICD_10_CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
_DAY: Final = slice(10)
_WHY_NOT: Final[dict[str, tuple[Reason, str]]] = {
    "Consent": (
        "no-consent",
        "{title} needs the person's active Consent for a RelatedPerson who takes part.",
    ),
    "Condition": ("no-indication", "{title} needs a Condition for which it is indicated."),
    "RelatedPerson": (
        "no-related-person",
        "{title} needs a guardian, and no RelatedPerson is known as one.",
    ),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the record says of a person, as far as a plan needs it.

    `names` tells how those who care for them are called, by reference.
    """

    patient: JsonObject | None = None
    conditions: Sequence[JsonObject] = ()
    consents: Sequence[JsonObject] = ()
    related: Sequence[JsonObject] = ()
    languages: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)


def met(requirement: JsonObject, known: Known, day: date) -> list[JsonObject]:
    """List the resources that meet a requirement."""
    if requirement["type"] == "Consent":
        return [each for each in known.consents if family_consented(each, known, day)]
    if requirement["type"] == "Condition":
        return [each for each in known.conditions if _has_code(each.get("code"), requirement)]
    if requirement["type"] == "RelatedPerson":
        return [
            each
            for each in known.related
            if any(_has_code(kind, requirement) for kind in each.get("relationship", ()))
        ]
    return []


def is_lacking(requirement: JsonObject, known: Known, day: date) -> bool:
    """Tell whether the record does not have what is required.

    Of what templates of others may require, only these types are looked at.
    """
    return requirement["type"] in _WHY_NOT and not met(requirement, known, day)


def unmet(action: JsonObject, known: Known, day: date) -> list[Unmet]:
    """List what an action needs and the record does not have."""
    title = str(action.get("title", action.get("id", "An activity")))
    return [
        Unmet(str(action.get("id", title)), reason, told.format(title=title))
        for each in action.get("input", ())
        if is_lacking(each, known, day)
        for reason, told in [_WHY_NOT[each["type"]]]
    ]


def family_consented(consent: JsonObject, known: Known, day: date) -> list[str]:
    """Name the RelatedPersons whom a Consent lets take part on a day."""
    provision = consent.get("provision", {})
    if consent.get("status") != "active" or provision.get("type") == "deny":
        return []
    if not _covers(provision.get("period", {}), day):
        return []
    named = [each["reference"].get("reference") for each in provision.get("actor", ())]
    here = {f"RelatedPerson/{each['id']}" for each in known.related}
    return [each for each in named if each in here]


def is_kind_of(coding: JsonObject, meant: JsonObject) -> bool:
    """Tell whether a code is what is meant, or a part of it."""
    if coding.get("system") != meant.get("system") or not {"code"} <= coding.keys() & meant.keys():
        return False
    # A code of ICD-10-CM holds all those that begin with it.
    if coding["system"] == _ICD_10_CM:
        return str(coding["code"]).startswith(str(meant["code"]))
    return bool(coding["code"] == meant["code"])


def _has_code(concept: JsonObject | None, requirement: JsonObject) -> bool:
    filters: Iterable[JsonObject] = requirement.get("codeFilter", ())
    meant = [each for one in filters for each in one.get("code", ())]
    codings = (concept or {}).get("coding", ())
    return not meant or any(is_kind_of(coding, each) for coding in codings for each in meant)


def _covers(period: JsonObject, day: date) -> bool:
    # Dates of any precision compare by what they share with the day.
    today = day.isoformat()
    start, end = (str(period.get(each, today))[_DAY] for each in ("start", "end"))
    return start <= today[: len(start)] and today[: len(end)] <= end
