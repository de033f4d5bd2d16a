"""Whoever or whatever lives on another server, and the address by which that server knows it.

A Reference says so beside the resource that stands for it here: by an identifier that is a URL.
https://hl7.org/fhir/R4/references.html#logical
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

URI: Final = "urn:ietf:rfc:3986"


def known_as(address: str) -> JsonObject:
    """Write an address as an identifier."""
    return {"system": URI, "value": address}


def address_of(reference: JsonObject) -> str | None:
    """Give the address by which another server knows what a Reference names."""
    identifier = reference.get("identifier", {})
    value = identifier.get("value", "")
    is_address = identifier.get("system") == URI and value.startswith(("http://", "https://"))
    return value if is_address else None


def lives_elsewhere(party: JsonObject) -> bool:
    """Tell whether a party of a referral answers from another server."""
    return address_of(party) is not None
