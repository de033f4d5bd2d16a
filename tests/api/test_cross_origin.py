"""Pages of the origins that an operator names may ask from a browser, and no others.

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx
import pytest

from tests.api.resources import patient
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

ORIGIN: Final = "https://dashboard.example"
STRANGERS: Final = (
    "https://other.example",
    "http://dashboard.example",
    "https://dashboard.example:8443",
    "https://dashboard.example.other.example",
    "null",
)
NAMED: Final = {"STEPDOWN_CORS_ORIGINS": f"{ORIGIN}, http://localhost:5173"}


@pytest.fixture(scope="module")
def programs(make_database: Callable[[], str]) -> Iterator[Programs]:
    with Programs.all_in_one(make_database(), told={"front-door": NAMED}) as started:
        yield started


@pytest.fixture
async def browser(programs: Programs) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=programs.fhir, trust_env=False) as client:
        yield client


def preflight(
    origin: str, headers: str = "content-type,if-match,x-stepdown-actor"
) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": headers,
    }


@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:5173"])
async def test_a_named_origin_is_shown_the_answer(browser: httpx.AsyncClient, origin: str) -> None:
    answer = await browser.post("/Patient", json=patient(), headers={"Origin": origin})
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == origin
    shown = answer.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "Location", "Last-Modified"} <= set(shown)
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_named_origin_is_shown_a_refusal_too(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/Patient?nothing=1", headers={"Origin": ORIGIN})
    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("address", ["/metadata", "/Task", "/Patient/x/_history", ""])
async def test_a_named_origin_may_write_with_what_fhir_asks_for(
    browser: httpx.AsyncClient, address: str
) -> None:
    answer = await browser.options(address, headers=preflight(ORIGIN))
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "If-Match" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("origin", STRANGERS)
async def test_another_origin_is_shown_nothing(browser: httpx.AsyncClient, origin: str) -> None:
    answer = await browser.get("/Patient", headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers
    answer = await browser.options("/Patient", headers=preflight(origin))
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers


async def test_a_header_that_fhir_does_not_know_is_not_asked_with(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.options("/Patient", headers=preflight(ORIGIN, "x-anything"))
    assert answer.status_code == 400


async def test_nobody_is_allowed_unless_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/Patient", headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]
    answer = await client.options("/Patient", headers=preflight(ORIGIN))
    assert not [name for name in answer.headers if name.startswith("access-control")]
