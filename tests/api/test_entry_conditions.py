"""An entry's ifModifiedSince, which is an instant where the HTTP header is a date of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.resources import created, entry, patient, run

if TYPE_CHECKING:
    import httpx


@pytest.mark.parametrize(
    ("since", "status"),
    [("2001-01-01T00:00:00Z", "200"), ("9000-01-01T00:00:00+02:00", "304")],
)
async def test_what_was_not_modified_since_an_instant_is_not_sent(
    client: httpx.AsyncClient, since: str, status: str
) -> None:
    reference = await created(client, patient())
    for kind in ("batch", "transaction"):
        answer = await run(client, kind, entry("GET", reference, ifModifiedSince=since))
        [told] = answer.json()["entry"]
        assert told["response"]["status"] == status
        assert ("resource" in told) is (status == "200")
