"""One running Stepdown for all tests of conformance: each test makes what it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


@pytest.fixture(scope="session")
def database_url(make_database: Callable[[], str]) -> str:
    """The owner's URL of one database for all modules."""
    return make_database()


@pytest.fixture(scope="session")
def all_in_one(database_url: str) -> Iterator[Programs]:
    """The all-in-one program with two workers, once for all modules."""
    with Programs.all_in_one(database_url, workers=2) as programs:
        yield programs


@pytest.fixture(scope="session")
async def client(all_in_one: Programs) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the front door's FHIR base, acting as a clinician; made once, for its cost."""
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    # A connection is let go before the server closes it, which would look like a lost answer.
    limits = httpx.Limits(keepalive_expiry=2)
    async with httpx.AsyncClient(
        base_url=all_in_one.fhir, headers=headers, limits=limits, timeout=30
    ) as each:
        yield each
