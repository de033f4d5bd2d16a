"""A release beside the next one, which has migrated the record already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.record import ownership
from shared.store.migrate import NotMigrated, current, head, migrate, prepare
from shared.store.roles import role_url

if TYPE_CHECKING:
    from collections.abc import Callable

NEXT = "9999"


async def _stands_at(url: str, migration: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE public.migration SET version_num = $1", migration)
    await connection.close()


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


async def test_a_service_starts_on_the_schema_of_the_next_release(url: str) -> None:
    await _stands_at(url, NEXT)

    await prepare(url, ownership())
    await prepare(role_url(url, "plan"), ownership())
    assert await current(url) == NEXT


async def test_migrating_again_leaves_the_schema_of_the_next_release(url: str) -> None:
    await _stands_at(url, NEXT)

    await migrate(url, ownership())
    assert await current(url) == NEXT


async def test_a_services_role_does_not_start_on_an_older_schema(url: str) -> None:
    await prepare(role_url(url, "plan"), ownership())
    assert await current(url) == head()

    await _stands_at(url, "0000")
    with pytest.raises(NotMigrated):
        await prepare(role_url(url, "plan"), ownership())
