"""The wake-up of the feed's consumers goes on whatever the database refuses for a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shared.store.notifier import FEED_CHANNEL, Notifier

if TYPE_CHECKING:
    import pytest

ROLE = "stepdown_test_notifier"


async def test_wake_ups_come_again_after_a_refusal(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    woken = asyncio.Event()
    owner = await asyncpg.connect(database_url)
    await owner.add_listener(FEED_CHANNEL, lambda *_: woken.set())
    await owner.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'former'")
    parts = urlsplit(database_url)
    host = parts.netloc.rpartition("@")[2]
    notifier = Notifier(urlunsplit(parts._replace(netloc=f"{ROLE}:present@{host}")))
    await notifier.start()
    async with asyncio.timeout(30):
        notifier.nudge()
        while "could not be sent" not in caplog.text:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0.01)
        await owner.execute(f"ALTER ROLE {ROLE} PASSWORD 'present'")
        notifier.nudge()
        await woken.wait()
    await notifier.stop()
    await owner.execute(f"DROP ROLE {ROLE}")
    await owner.close()
