"""What every test can have: a PostgreSQL, fresh databases, and running programs on free ports."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from hypothesis import settings

from services.record import ownership
from shared.store.embedded import EmbeddedServer
from shared.store.migrate import migrate
from tests.program_log import without_mistakes
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
_TEMPLATE = "stepdown_template"

# A busy machine is slow, and nothing else is wrong with it: no example has a deadline.
settings.register_profile("same", derandomize=True, deadline=None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The owner's URL of a PostgreSQL of this test process alone."""
    # Reachable for the account that PostgreSQL runs as, which pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    server = EmbeddedServer.start(folder, lambda _: None)
    yield server.url
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """Name a database at this release's schema, to copy from."""

    async def make() -> None:
        await _execute(postgres_url, f"CREATE DATABASE {_TEMPLATE}")
        await migrate(_database(postgres_url, _TEMPLATE), ownership())

    asyncio.run(make())
    return _TEMPLATE


@pytest.fixture(scope="session")
def make_database(postgres_url: str, migrated_template: str) -> Callable[[], str]:
    """Make a fresh database at this release's schema, and give its owner's URL."""

    def make() -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        sql = f"CREATE DATABASE {name} TEMPLATE {migrated_template}"
        asyncio.run(_execute(postgres_url, sql))
        return _database(postgres_url, name)

    return make


@pytest.fixture(scope="module")
def database_url(make_database: Callable[[], str]) -> str:
    """The owner's URL of a fresh database, one for each test module."""
    return make_database()


@pytest.fixture(scope="module")
def stack(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """The three services and the front door as separate processes on one database."""
    log = tmp_path_factory.mktemp("stack") / "log"
    with without_mistakes(Programs.separate(database_url), log) as programs:
        yield programs


@pytest.fixture(scope="module")
def all_in_one(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """The all-in-one program with two workers."""
    log = tmp_path_factory.mktemp("all-in-one") / "log"
    with without_mistakes(Programs.all_in_one(database_url, workers=2), log) as programs:
        yield programs


@pytest.fixture
async def client(all_in_one: Programs) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the front door's FHIR base, acting as a clinician."""
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    async with httpx.AsyncClient(base_url=all_in_one.fhir, headers=headers, timeout=30) as each:
        yield each


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real FHIR data."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of real data, ../shared/data, is absent")
    return SHARED_DATA


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
