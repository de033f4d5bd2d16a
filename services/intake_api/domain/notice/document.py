"""A transfer document of a hospital: what it tells of a stay, and that it asks to take over.

It is one more notice of the stay, so that document and messages may come in any order.
https://hl7.org/fhir/us/pacio-toc/
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from services.intake_api.domain.notice.message import DIRECTORY, Notice
from shared.care.transfer_document import faults, is_transfer_document, stay_of
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.fhir.reader import JsonObject

_UNNAMED: Final = "Author of a transfer summary"


class TransferDocument(Notice):
    """A transfer summary with all that it carries."""

    the_persons: ClassVar[Mapping[str, str]] = {
        **Notice.the_persons,
        "AllergyIntolerance": "patient",
        "Immunization": "patient",
        "MedicationRequest": "subject",
        "MedicationStatement": "subject",
    }
    directory: ClassVar[frozenset[str]] = DIRECTORY | {"Medication"}

    @property
    def name(self) -> str:
        """Name the document by its identifier, the same wherever it was sent from."""
        identifier = self.bundle["identifier"]
        return f"document|{identifier['system']}|{identifier['value']}"

    @property
    def endpoint(self) -> str:
        """Name the system whose addresses the entries have, else the document itself."""
        return _base(self.bundle["entry"][0]["fullUrl"]) or self.name

    @property
    def bundle_id(self) -> str:
        """Give the id under which the document was stored."""
        bundle_id: str = self.bundle["id"]
        return bundle_id

    @property
    def refers(self) -> bool:
        """Whether it asks to take the person over: that is what a transfer summary is for."""
        return True

    @property
    def documents(self) -> tuple[str, ...]:
        """The reference of the document."""
        return (f"Bundle/{self.bundle_id}",)

    @property
    def requester(self) -> tuple[str | None, str]:
        """The fullUrl of the custodian or author, and what to call them otherwise."""
        carried = (self.address(each.get("reference")) for each in self._askers())
        names = (each.get("display") for each in self._askers())
        return next(filter(None, carried), None), next(filter(None, names), _UNNAMED)

    def _askers(self) -> Iterator[JsonObject]:
        yield self.header.get("custodian", {})
        yield from self.header["author"]

    def at_sender(self, url: str) -> str:
        """Name an entry by its address, which is its own wherever the document comes from."""
        base = _base(url)
        resource = self.entries[url]
        if base is None or "id" not in resource:
            return url
        return f"{base}|{resource['resourceType']}/{resource['id']}"

    @cached_property
    def stay_address(self) -> str:
        """The fullUrl of the stay."""
        address = stay_of(self)
        if address is None:
            raise AssertionError("a transfer document that was kept carries a stay")
        return address


def document_in(bundle: JsonObject) -> TransferDocument | None:
    """Read a stored Bundle as a transfer document; None if it is none."""
    is_one = is_transfer_document(bundle) and not any(faults(bundle))
    return TransferDocument(bundle) if is_one else None


def _base(full_url: str) -> str | None:
    link = parse_reference(full_url)
    if link.kind != "external" or link.type is None:
        return None
    return full_url.rpartition(f"/{link.type}/")[0]
