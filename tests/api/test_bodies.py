"""Bodies that no client should send: each is refused, and the server goes on.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

from tests.api.raw import exchange
from tests.api.resources import created, fresh, patient, refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from tests.programs import Programs

GOOD = b'{"resourceType":"Patient","active":true}'
MEGABYTE = 1_000_000


def _value(value: bytes) -> bytes:
    return b'{"resourceType":"Patient","extension":[{"url":"urn:a","valueDecimal":%b}]}' % value


def _text(value: bytes) -> bytes:
    return b'{"resourceType":"Patient","name":[{"family":"%b"}]}' % value


def _nested(depth: int, opening: bytes, closing: bytes) -> bytes:
    return b'{"resourceType":"Patient","x":' + opening * depth + b"1" + closing * depth + b"}"


BROKEN = {
    "empty": b"",
    "blank": b"   ",
    "an array": b"[]",
    "an array of a resource": b"[" + GOOD + b"]",
    "a string": b'"Patient"',
    "a number": b"7",
    "null": b"null",
    "true": b"true",
    "cut off": GOOD[:-1],
    "two": GOOD + GOOD,
    "with a comma too many": b'{"resourceType":"Patient",}',
    "with a comment": b'{"resourceType":"Patient"/* x */}',
    "with single quotes": b"{'resourceType':'Patient'}",
    "XML": b"<Patient xmlns='http://hl7.org/fhir'/>",
    "a key twice": b'{"resourceType":"Patient","active":true,"active":true}',
    "a key twice, once escaped": b'{"resourceType":"Patient","active":true,"\\u0061ctive":false}',
    "a key twice, deep": b'{"resourceType":"Patient","name":[{"use":"usual","use":"old"}]}',
    "resourceType twice": b'{"resourceType":"Patient","resourceType":"Basic"}',
    "NaN": _value(b"NaN"),
    "Infinity": _value(b"Infinity"),
    "-Infinity": _value(b"-Infinity"),
    "a leading zero": _value(b"01"),
    "a leading plus": _value(b"+1"),
    "a bare point": _value(b".5"),
    "an ending point": _value(b"5."),
    "a hexadecimal": _value(b"0x10"),
    "a lone high surrogate": _text(b"\\ud800"),
    "a lone low surrogate": _text(b"\\udc00"),
    "surrogates turned": _text(b"\\udc00\\ud800"),
    "an encoded surrogate": _text(b"\xed\xa0\x80"),
    "invalid UTF-8": _text(b"\xff\xfe"),
    "overlong UTF-8": _text(b"\xc0\x80"),
    "Latin-1": _text(b"M\xfcller"),
    "a raw NUL": _text(b"\x00"),
    "a raw line feed": _text(b"\n"),
    "a NUL behind": GOOD + b"\x00",
    "a byte order mark": codecs.BOM_UTF8 + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16 LE": GOOD.decode().encode("utf-16-le"),
    "UTF-16 BE": GOOD.decode().encode("utf-16-be"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "65 levels of arrays": _nested(65, b"[", b"]"),
    "65 levels of objects": _nested(65, b'{"a":', b"}"),
    "100,000 levels of arrays": _nested(100_000, b"[", b"]"),
    "100,000 levels, never closed": b"[" * 100_000,
    "100,000 levels of objects": _nested(100_000, b'{"a":', b"}"),
}
INVALID = {
    "an escaped NUL": _text(b"\\u0000"),
    "an escaped control": _text(b"\\u0001"),
    "an empty string": _text(b""),
    "1e400": _value(b"1e400"),
    "1e-400": _value(b"1e-400"),
    "5,000 digits": _value(b"9" * 5000),
    "5,000 digits behind the point": _value(b"0." + b"9" * 5000),
    "an integer of 5,000 digits": b'{"resourceType":"Patient","multipleBirthInteger":%b}'
    % (b"9" * 5000),
    "a negative zero for an integer": b'{"resourceType":"Patient","multipleBirthInteger":1.0}',
    "60 levels": _nested(60, b"[", b"]"),
    "a million values": b'{"resourceType":"Patient","x":[' + b"1," * 900_000 + b"1]}",
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_body_that_is_no_fhir_json_is_malformed(
    client: httpx.AsyncClient, kind: str
) -> None:
    logical_id = fresh()
    refused(await client.post("/Patient", content=BROKEN[kind]), 400)
    refused(await client.put(f"/Patient/{logical_id}", content=BROKEN[kind]), 400)
    base = str(client.base_url).rstrip("/")
    refused(await client.post(base, content=BROKEN[kind]), 400)
    refused(await client.get(f"/Patient/{logical_id}"), 404)


@pytest.mark.parametrize("kind", INVALID)
async def test_a_body_with_a_value_that_fhir_forbids_is_refused(
    client: httpx.AsyncClient, kind: str
) -> None:
    answer = await client.post("/Patient", content=INVALID[kind])
    assert answer.status_code in {400, 422}, answer.text[:500]
    refused(answer, answer.status_code)


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        b" \r\n\t" + GOOD + b"\n",
        _text(b"\\ud83d\\ude00"),
        _text("😀 é".encode()),
        _value(b"1e2"),
        _value(b"9" * 18),
        _text(b"\\u00fc\\/\\\\"),
    ],
)
async def test_their_good_twins_are_stored(client: httpx.AsyncClient, body: bytes) -> None:
    made = await client.post("/Patient", content=body)
    assert made.status_code == 201, made.text
    assert (await client.get(f"/Patient/{made.json()['id']}")).content == made.content


def _padded(size: int, resource_type: str = "Patient") -> bytes:
    head = b'{"resourceType":"%b","active":true' % resource_type.encode()
    return head + b" " * (size - len(head) - 1) + b"}"


async def test_one_resource_has_a_limit_of_its_own(client: httpx.AsyncClient) -> None:
    refused(await client.post("/Patient", content=_padded(5 * MEGABYTE + 1)), 413)
    assert (await client.post("/Patient", content=_padded(5 * MEGABYTE))).status_code == 201


async def test_a_million_values_are_too_many(client: httpx.AsyncClient) -> None:
    body = b'{"resourceType":"Patient","x":[' + b"1," * 1_000_001 + b"1]}"
    refused(await client.post("/Patient", content=body), 413)


async def test_a_body_is_counted_while_it_comes(client: httpx.AsyncClient) -> None:
    async def stream(megabytes: int) -> AsyncIterator[bytes]:
        yield b'{"resourceType":"Bundle","type":"batch"'
        for _ in range(megabytes):
            yield b" " * MEGABYTE
        yield b"}"

    base = str(client.base_url).rstrip("/")
    assert (await client.post(base, content=stream(49))).status_code == 200
    refused(await client.post(base, content=stream(51)), 413)


async def test_a_body_that_ends_early_does_no_harm(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    logical_id = fresh()
    head = f"PUT /fhir/Patient/{logical_id} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"
    with pytest.raises(TimeoutError):
        await exchange(all_in_one, head.encode() + GOOD, seconds=0.5)
    refused(await client.get(f"/Patient/{logical_id}"), 404)
    assert await created(client, patient())
