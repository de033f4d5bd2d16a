"""Which addresses of partners may be called: public ones by https, others where they are allowed.

A name is looked up once, every address that it has must do, and the connection goes to one that was
looked at: a name that answers otherwise the next time leads nowhere else. Nor does a redirect.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

import httpx

from shared.client.bounds import ANSWER_SECONDS, asked_plainly, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

Network = IPv4Network | IPv6Network
_HTTPS: Final = 443
_PORTS: Final = {"http": 80, "https": _HTTPS}
# Behind these stands an IPv4 address: https://www.rfc-editor.org/rfc/rfc6052
_NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


class NotAllowedError(httpx.RequestError):
    """The address may not be called from here."""


def may_call(scheme: str, port: int | None, address: str, allowed: Sequence[Network]) -> bool:
    """Tell whether an address that a name leads to may be called."""
    found = ip_address(address.partition("%")[0])
    if any(found.version == each.version and found in each for each in allowed):
        return True
    return scheme == "https" and port in {None, _HTTPS} and _is_public(found)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is not None or any(address in each for each in _NAT64):
            return False
    return address.is_global and not address.is_multicast


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends to addresses that may be called, and to no other."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Look the name up, send the request to an address that may be called, and read the answer.

        :raises NotAllowedError: when the name leads to any that may not.
        :raises NoAnswerError: when what comes back is too much, or not FHIR.
        :raises ReadTimeout: when not all of it came in time.
        """
        asked_plainly(request)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await whole(await self._send(request))
        except TimeoutError:
            raise httpx.ReadTimeout("The answer took too long.", request=request) from None

    async def _send(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        addresses = await _addresses(url.host, url.port or _PORTS.get(url.scheme, 0))
        if not all(may_call(url.scheme, url.port, each, self._allowed) for each in addresses):
            raise NotAllowedError("This address may not be called from here.", request=request)
        # The certificate is the name's, as is the header `Host`, which stands there already.
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=addresses[0])
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


async def _addresses(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A part of a name may be longer than any name can be.
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError("The name of the address is not known.") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))
