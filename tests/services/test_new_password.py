"""A new password of the database's owner: `stepdown migrate` brings the services' own after it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.cli.migrate import migrate_now
from services.ownership import SERVICES
from shared.store.embedded import EmbeddedServer
from shared.store.roles import role_url

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def own_server() -> Iterator[str]:
    """The owner's URL of a server of this test alone: roles belong to a whole server."""
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    server = EmbeddedServer.start(folder, lambda _: None)
    yield server.url
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def logs_in(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except asyncpg.InvalidPasswordError:
        return False
    await connection.close()
    return True


async def changed(url: str) -> str:
    """Give the owner a new password; the URL that holds it."""
    connection = await asyncpg.connect(url)
    await connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'second'")
    await connection.close()
    userinfo, host = url.rsplit("@", 1)
    return f"{userinfo.rsplit(':', 1)[0]}:second@{host}"


def test_after_a_new_password_the_services_log_in_with_what_follows_from_it(
    own_server: str,
) -> None:
    migrate_now(own_server)
    first = [role_url(own_server, name) for name in SERVICES]
    assert all(asyncio.run(logs_in(url)) for url in first)

    renewed = asyncio.run(changed(own_server))
    second = [role_url(renewed, name) for name in SERVICES]
    assert not any(asyncio.run(logs_in(url)) for url in second)
    migrate_now(renewed)

    assert all(asyncio.run(logs_in(url)) for url in second)
    assert not any(asyncio.run(logs_in(url)) for url in first)
