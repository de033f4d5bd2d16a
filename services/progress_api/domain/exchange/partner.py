"""Where a partner takes referrals: the FHIR endpoint of an Organization, if it may be called.

https://hl7.org/fhir/R4/endpoint.html
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

_FHIR_REST: Final = "hl7-fhir-rest"


def base_of(endpoints: Iterable[JsonObject]) -> str | None:
    """Give the FHIR base that is in use among some Endpoints; None where there is none."""
    found = (
        str(each["address"]).rstrip("/")
        for each in endpoints
        if each.get("status") == "active" and each["connectionType"].get("code") == _FHIR_REST
    )
    return next(found, None)


def may_be_called(address: str) -> bool:
    """Tell whether an address may be called: by https, or without it on a network of one's own."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_own(host))


def _is_own(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    # Where clouds tell secrets to whoever asks is private too, and nobody's partner.
    return address.is_loopback or (address.is_private and not address.is_link_local)
