"""A client that leaves before its request is whole has made no fault of ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.api.resources import fresh

if TYPE_CHECKING:
    from tests.api.auditing import Audit
    from tests.programs import Programs


async def test_half_a_body_is_refused_to_whoever_is_gone(
    all_in_one: Programs, audit: Audit
) -> None:
    trace = fresh()
    parts = urlsplit(all_in_one.fhir)
    head = f"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nX-Request-Id: {trace}"
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"{head}\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    async with asyncio.timeout(30):
        while not (rows := await audit.of(trace)):  # noqa: ASYNC110 - in another program
            await asyncio.sleep(0.02)
    assert [row.status for row in rows] == [400]
