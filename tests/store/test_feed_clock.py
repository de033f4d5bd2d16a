"""The record's clock moves forward, past every due timer of every service, in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.ownership import SERVICES
from shared.feed.clock import advance, start_at
from shared.fhir.errors import Conflict, RuleViolation, Unavailable
from shared.store.version import Key
from tests.store.feed_site import note, reaction
from tests.store.partner import Partner

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from tests.store.feed_site import Site

EPISODE = Key("EpisodeOfCare", "e1")
DAY = timedelta(days=1)
ORDER = "SELECT event FROM public.feed_note WHERE tenant = $1 ORDER BY number"
SET = """
INSERT INTO {service}.timer (tenant, key, due, name, type, id)
VALUES ($1, $2, $3, 'fire', 1, 'x')
"""


LOCKS = """
SELECT count(*) FROM pg_locks
WHERE $1 > 0 AND locktype = 'advisory' AND objsubid = 1 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def set_timer(site: Site, service: str, key: str, due: datetime) -> None:
    await site.owner.execute(SET.format(service=service), site.tenant, key, due)


async def test_timers_of_all_services_fire_in_order_on_the_way(site: Site) -> None:
    fired: list[tuple[str, timedelta]] = []

    async def fire(timer: DueTimer, effects: Effects) -> None:
        await note(timer, effects)
        fired.append((timer.id, effects.now - timer.due))
        if timer.id == "second":
            await effects.set_timer("between", timer.due + DAY / 2, "fire", EPISODE)

    async with AsyncExitStack() as stack:
        store, *_ = [
            await stack.enter_async_context(site.running(service, timers={"fire": fire}))
            for service in SERVICES
        ]
        now = store.now()
        await set_timer(site, "progress", "third", now + 3 * DAY)
        await set_timer(site, "plan", "second", now + 2 * DAY)
        await set_timer(site, "intake", "first", now + 1 * DAY)
        await set_timer(site, "intake", "not yet", now + 30 * DAY)
        await advance(store, now + 20 * DAY)
        names = ["first", "second", "between", "third"]
        assert await site.rows(ORDER) == [(name,) for name in names]
        assert all(timedelta() <= late < DAY / 4 for _, late in fired)
        assert now + 20 * DAY <= store.now() < now + 21 * DAY


async def test_what_follows_from_a_timer_has_happened_before_the_next_one(site: Site) -> None:
    partner = Partner()
    seen: list[tuple[str, int]] = []

    async def fire(timer: DueTimer, effects: Effects) -> None:
        seen.append((timer.id, len(partner.asked)))
        await effects.send(partner.url, "POST", "", body=b"{}", purpose="told")

    async with partner.listening(), site.running("plan", timers={"fire": fire}) as store:
        now = store.now()
        for number in range(5):
            await set_timer(site, "plan", f"t{number}", now + timedelta(hours=number + 1))
        await advance(store, now + DAY)
    assert seen == [(f"t{number}", number) for number in range(5)]
    assert len(partner.asked) == 5


async def test_events_are_handled_before_the_clock_moves(site: Site) -> None:
    async def set_later(event: Event, effects: Effects) -> None:
        await effects.set_timer(event.name, effects.now + DAY, "fire", EPISODE)

    for _ in range(3):
        await site.write("Patient/a")
    timers = {"fire": note}
    async with site.running("plan", reaction(set_later), timers=timers) as store:
        await advance(store, store.now() + 2 * DAY)
    assert len(await site.rows(ORDER)) == 3


async def test_every_copy_follows_the_clock(site: Site) -> None:
    async with site.running("plan") as store, site.running("intake") as other:
        target = store.now() + 100 * DAY
        await advance(store, target)
        await site.write("Patient/a")
        await site.becomes(0, "SELECT count(*) FROM record.unsettled($2) WHERE $1 > 0", target)
        assert store.now() >= target
        assert other.now() >= target


async def test_the_clock_never_goes_back(site: Site) -> None:
    async with site.running("plan") as store:
        target = store.now() + DAY
        await advance(store, target)
        with pytest.raises(RuleViolation, match="never goes back"):
            await advance(store, target - DAY / 2)
        assert store.now() >= target


async def test_the_clock_names_what_it_waits_for(site: Site) -> None:
    async with site.running("progress"):
        await site.write("Patient/a", "Patient")
        await site.becomes(1, "SELECT count(*) FROM progress.cursor WHERE tenant = $1")
    async with site.store() as store:
        now = store.now()
        await site.write("Patient/a")
        with pytest.raises(Unavailable, match=r"waits for progress's feed\."):
            await advance(store, now + DAY, patience_seconds=0.2)
        assert store.now() < now + DAY


async def test_the_clock_does_not_wait_for_what_fails(site: Site) -> None:
    async def fail(_: DueTimer | Event, __: Effects) -> None:
        raise RuntimeError

    await site.write("Patient/a")
    async with site.running("plan", reaction(fail), timers={"fire": fail}) as store:
        await set_timer(site, "plan", "failing", store.now() + DAY)
        await advance(store, store.now() + 2 * DAY)


async def test_only_one_moves_the_clock_at_a_time(site: Site) -> None:
    async with site.running("progress"):
        await site.becomes(1, "SELECT count(*) FROM progress.cursor WHERE tenant = $1")
    await site.write("Patient/a")
    async with site.store() as store, site.store() as other:
        waits = asyncio.create_task(advance(store, store.now() + DAY))
        await site.becomes(1, LOCKS)
        with pytest.raises(Conflict):
            await advance(other, other.now() + DAY)
        waits.cancel()
        await asyncio.wait([waits])


async def test_an_empty_record_starts_at_any_instant(site: Site) -> None:
    instant = datetime(2026, 3, 1, 14, tzinfo=UTC)
    async with site.store() as store, site.running("plan") as other:
        await start_at(store, instant)
        assert instant <= store.now() < instant + DAY
        await site.write("Patient/a")
        await start_at(store, instant + DAY)
        with pytest.raises(RuleViolation, match="never goes back"):
            await start_at(store, instant)
        assert instant + DAY <= store.now() < instant + 2 * DAY
        await advance(other, instant + 3 * DAY)


async def test_only_the_services_may_ask_what_the_clock_waits_for(site: Site) -> None:
    async with site.store("plan") as store, store.pool.connection() as connection:
        assert await connection.fetch("SELECT * FROM record.unsettled(now())") == []
        assert await connection.fetchval("SELECT record.next_due(now())") is None
    await site.owner.execute("SET ROLE stepdown_door")
    for question in ("SELECT record.next_due(now())", "SELECT record.unsettled(now())"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await site.owner.execute(question)


async def test_the_clock_stops_before_the_end_of_time(site: Site) -> None:
    late = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    async with site.running("plan") as store:
        before = store.now()
        for move in (advance, start_at):
            with pytest.raises(RuleViolation, match="9000"):
                await move(store, late)
        assert store.now() - before < DAY
        await advance(store, datetime(8999, 1, 1, tzinfo=UTC))
        assert store.now().year == 8999
