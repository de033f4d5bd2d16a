"""How a Patient says that another one stands for the same person: by a link of type replaced-by.

https://hl7.org/fhir/R4/patient.html#link
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.subject import patient_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.reader import JsonObject

_REPLACED: Final = "replaced-by"


def replaced_by(patient: JsonObject, bases: tuple[str, ...]) -> str | None:
    """Give the id of the Patient here that stands for this one; None where it stands itself."""
    links = (each for each in patient.get("link", ()) if each.get("type") == _REPLACED)
    others = (patient_of(each, "other", bases) for each in links)
    return min((each for each in others if each), default=None)


def together(patient_id: str, links: Mapping[str, str | None]) -> set[str]:
    """Name all whom links join to a Patient, by who stands for whom."""
    joined = {patient_id}
    while True:
        more = {e for pair in links.items() if joined & set(pair) for e in pair if e} - joined
        if not more:
            return joined
        joined |= more


def survivor(patient_id: str, links: Mapping[str, str | None]) -> str:
    """Follow links to the Patient who stands; of those linked in a ring, to the first by id."""
    way = [patient_id]
    while (after := links.get(way[-1])) is not None:
        if after in way:
            return min(way[way.index(after) :])
        way.append(after)
    return way[-1]


def may_merge(patient: JsonObject) -> bool:
    """Tell whether a write of a Patient may merge them with another one, or part them."""
    return bool(patient.get("link")) or patient["meta"]["versionId"] != "1"
