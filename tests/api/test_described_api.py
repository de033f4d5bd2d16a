"""What the OpenAPI documents describe is answered, whatever fills it in, and never with a 5xx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

SOME = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(SOME, max_examples=5000)


async def _operations(client: httpx.AsyncClient, root: str) -> list[Any]:
    answer = await client.get(f"{root}/openapi.json")
    assert answer.status_code == 200
    schema = schemathesis.openapi.from_dict(answer.json())
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture(scope="module", params=["", "/intake", "/plan", "/progress"])
async def described(
    request: pytest.FixtureRequest, client: httpx.AsyncClient, all_in_one: Programs
) -> tuple[str, list[Any]]:
    """The root of a program, and the operations that its document describes."""
    root = all_in_one.fhir.removesuffix("/fhir") + request.param
    return root, await _operations(client, root)


async def _answered(
    client: httpx.AsyncClient, described: tuple[str, list[Any]], data: st.DataObject
) -> None:
    root, operations = described
    operation = data.draw(st.sampled_from(operations))
    case = data.draw(operation.as_strategy())
    told = case.as_transport_kwargs(base_url=root)
    told.pop("cookies")
    if isinstance(told.get("data"), bytes | str):
        told["content"] = told.pop("data")
    answer = await client.request(**told)
    assert answer.status_code < 500, (told, answer.text)
    if case.path.startswith("/fhir"):
        assert answer.headers["x-request-id"]


@SOME
@given(data=st.data())
async def test_a_described_request_is_answered(
    client: httpx.AsyncClient, described: tuple[str, list[Any]], data: st.DataObject
) -> None:
    await _answered(client, described, data)


@pytest.mark.long
@MANY
@given(data=st.data())
async def test_thousands_of_described_requests_are_answered(
    client: httpx.AsyncClient, described: tuple[str, list[Any]], data: st.DataObject
) -> None:
    await _answered(client, described, data)
