"""Laws of a transfer document that comes from elsewhere: it tells of one stay of one known person.

A document that says neither could be kept, but nothing could follow from it and nobody would know.
https://hl7.org/fhir/us/pacio-toc/ · https://hl7.org/fhir/R4/documents.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import CAUSE
from shared.care.carried import Carried
from shared.care.law import CareChange, Law
from shared.fhir.dates import names_a_day
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.law import Found
    from shared.fhir.reader import JsonObject

LOINC: Final = "http://loinc.org"
TRANSFER_SUMMARY: Final = "18761-7"
_COMPOSITION: Final = "Bundle.entry[0].resource"


def is_transfer_document(bundle: JsonObject) -> bool:
    """Tell whether a Bundle is a transfer summary that somebody else has written, and stands by."""
    if bundle.get("type") != "document" or bundle.get("identifier", {}).get("system") == CAUSE:
        return False
    header = (bundle.get("entry") or [{}])[0].get("resource", {})
    codings = header.get("type", {}).get("coding", ())
    codes = [(each.get("system"), each.get("code")) for each in codings]
    return (LOINC, TRANSFER_SUMMARY) in codes and header.get("status") != "entered-in-error"


def stay_of(document: Carried) -> str | None:
    """Find the fullUrl of the stay: the Composition's encounter, else the only one carried."""
    if "encounter" in document.header:
        return document.named(document.header, "encounter", "Encounter")
    carried = document.of_type("Encounter")
    return carried[0] if len(carried) == 1 else None


def tells_of_one_stay(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse a transfer document that does not carry its person and their stay."""
    if is_transfer_document(change.after):
        yield from faults(change.after)


def faults(bundle: JsonObject) -> Iterator[Issue]:
    """List what a transfer document lacks."""
    urls = [each.get("fullUrl") for each in bundle["entry"]]
    if None in urls or len(set(urls)) < len(urls):
        told = "Each entry of a document has a fullUrl of its own."
        yield Issue("error", "required", told, "Bundle.entry")
        return
    document = Carried(bundle)
    person = document.named(document.header, "subject", "Patient")
    if person is None:
        told = "The subject of a transfer summary is a Patient that the document carries."
        yield Issue("error", "not-found", told, f"{_COMPOSITION}.subject")
        return
    if not any(map(_is_whole, document.entries[person].get("identifier", ()))):
        told = (
            "The Patient needs an identifier with system and value: nobody is known by name alone."
        )
        yield Issue("error", "required", told, f"{document.place(person)}.identifier")
    yield from _stay_faults(document, person)


def _stay_faults(document: Carried, person: str) -> Iterator[Issue]:
    stay = stay_of(document)
    if stay is None:
        told = "A transfer summary names in encounter the stay, an Encounter that it carries."
        yield Issue("error", "not-found", told, f"{_COMPOSITION}.encounter")
    elif document.named(document.entries[stay], "subject", "Patient") != person:
        told = "The stay is one of the document's own subject."
        yield Issue("error", "business-rule", told, f"{document.place(stay)}.subject")
    elif _ends_on_no_day(document.entries[stay]):
        told = "A stay that is over says on which day it ended, in period.end."
        yield Issue("error", "required", told, f"{document.place(stay)}.period.end")


def _ends_on_no_day(stay: JsonObject) -> bool:
    """Tell whether a stay is over without its day, from which people are followed."""
    end = stay.get("period", {}).get("end")
    return stay.get("status") == "finished" and not (end and names_a_day(end))


def _is_whole(identifier: JsonObject) -> bool:
    return bool(identifier.get("system") and identifier.get("value"))


LAWS = (Law("Bundle", tells_of_one_stay),)
