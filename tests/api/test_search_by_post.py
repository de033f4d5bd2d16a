"""FHIR search by POST. https://hl7.org/fhir/R4/http.html#search"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.resources import SYSTEM, created, fresh, identified, matches, refused

if TYPE_CHECKING:
    import httpx

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_a_form_asks_the_same_as_an_address(client: httpx.AsyncClient) -> None:
    value = fresh()
    made = await created(client, identified(value))

    found = await client.post("/Patient/_search", data={"identifier": f"{SYSTEM}|{value}"})
    assert [f"Patient/{each}" for each in matches(found)] == [made]


async def test_an_endless_form_is_refused(client: httpx.AsyncClient) -> None:
    many = "&".join(f"name={number}" for number in range(1001))
    refused(await client.post("/Patient/_search", content=many, headers=FORM), 400)
    long = "name=" + "x" * 500_000
    refused(await client.post("/Patient/_search", content=long, headers=FORM), 413)


async def test_a_form_that_is_not_utf_8_is_refused(client: httpx.AsyncClient) -> None:
    for content in (b"name=\xff", b"name=%ff"):
        refused(await client.post("/Patient/_search", content=content, headers=FORM), 400)
    answer = await client.post("/Patient/_search", content="name=é&name=%C3%A9", headers=FORM)
    assert answer.status_code == 200
