"""One running Stepdown for all tests of the API: each test makes what it looks at."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest

from tests.api.auditing import Audit
from tests.program_log import mistakes, standard_error_to
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def database_url(make_database: Callable[[], str]) -> str:
    """The owner's URL of one database for all modules."""
    return make_database()


@pytest.fixture(scope="session")
def program_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the programs write about themselves."""
    return tmp_path_factory.mktemp("api") / "log"


@pytest.fixture
def told_in_log(program_log: Path) -> Callable[[], str]:
    """Read what the programs have written so far."""
    return program_log.read_text


@pytest.fixture(scope="session")
def all_in_one(database_url: str, program_log: Path) -> Iterator[Programs]:
    """The all-in-one program with two workers, once for all modules; no request may break it."""
    with ExitStack() as stack:
        with standard_error_to(program_log):
            running = Programs.all_in_one(database_url, workers=2)
            programs = stack.enter_context(running)
        yield programs
    log = program_log.read_text()
    faults = [line for line in log.splitlines() if "internal error" in line]
    # One test lets the database itself raise.
    assert not [line for line in faults if "error=RaiseError" not in line]
    assert mistakes(log) == []


@pytest.fixture(scope="session")
async def client(all_in_one: Programs) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the front door's FHIR base, acting as a clinician; made once, for its cost."""
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    # A connection is let go before the server closes it, which would look like a lost answer.
    limits = httpx.Limits(max_connections=None, keepalive_expiry=2)
    async with httpx.AsyncClient(
        base_url=all_in_one.fhir, headers=headers, limits=limits, timeout=30, verify=False
    ) as each:
        yield each


@pytest.fixture(params=["intake", "plan", "progress"])
def service(request: pytest.FixtureRequest) -> str:
    """The name of each service in turn."""
    name: str = request.param
    return name


@pytest.fixture
async def audit(database_url: str) -> AsyncIterator[Audit]:
    """What the record's audit says, read as the database's owner."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield Audit(pool)
