"""How much of a partner's answer is waited for and read: some seconds, some kilobytes, only FHIR.

What is no such answer is as good as none, and the request is sent again as if nobody had answered.
"""

from __future__ import annotations

from typing import Final

import httpx

ANSWER_SECONDS: Final = 5.0
ANSWER_BYTES: Final = 64 * 1024
_JSON: Final = frozenset({"application/fhir+json", "application/json"})
# Compressed, a small answer could become a huge one.
_AS_IT_IS: Final = frozenset({"", "identity"})


class NoAnswerError(httpx.RequestError):
    """What came back is not to be read."""


def asked_plainly(request: httpx.Request) -> None:
    """Ask for a short answer that nothing has to be unpacked from."""
    request.headers["Accept-Encoding"] = "identity"
    request.headers["Prefer"] = "return=minimal"


async def whole(response: httpx.Response) -> httpx.Response:
    """Read an answer to its end, and give it with what was read.

    :raises NoAnswerError: when it is longer than an answer may be, packed, or not FHIR in JSON.
    """
    try:
        content = await _read(response)
    finally:
        await response.aclose()
    if content and _media_type(response) not in _JSON:
        raise NoAnswerError("The answer is no FHIR in JSON.")
    return httpx.Response(response.status_code, headers=response.headers, content=content)


async def _read(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "").strip().lower() not in _AS_IT_IS:
        raise NoAnswerError("The answer is packed, which was not asked for.")
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - the transport is
    content = b""
    # What a server says of the length is no measure of what it sends.
    async for part in response.stream:
        content += part
        if len(content) > ANSWER_BYTES:
            raise NoAnswerError("The answer is longer than an answer may be.")
    return content


def _media_type(response: httpx.Response) -> str:
    told: str = response.headers.get("content-type", "")
    return told.partition(";")[0].strip().lower()
