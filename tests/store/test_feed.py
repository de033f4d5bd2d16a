"""One consumer of the feed: every write once, in order, none skipped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg

from tests.store.feed_site import note, reaction

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from tests.store.feed_site import Site

CURSOR = "SELECT position FROM plan.cursor WHERE tenant = $1"
END = "SELECT max(position) FROM record.feed WHERE tenant = $1"


async def test_what_was_written_before_the_first_start_is_read(site: Site) -> None:
    await site.write("Patient/a")
    await site.write("Patient/b")
    async with site.consumer(reaction(note)) as consumer:
        await consumer.read()
    assert await site.notes() == ["Patient/a/1", "Patient/b/1"]


async def test_a_consumer_that_starts_again_goes_on_where_it_was(site: Site) -> None:
    for _ in range(2):
        await site.write("Patient/a")
        async with site.consumer(reaction(note)) as consumer:
            await consumer.read()
    assert await site.notes() == ["Patient/a/1", "Patient/a/2"]


async def test_events_that_no_reaction_wants_are_passed_over(site: Site) -> None:
    for resource_type in ("Observation", "Encounter", "Observation", "Observation"):
        await site.write("Patient/a", resource_type)
    async with site.consumer(reaction(note)) as consumer:
        assert await consumer.read() == 4
        assert await consumer.read() == 0
    assert await site.notes() == ["Patient/a/2"]
    assert await site.rows(CURSOR) == await site.rows(END)


async def test_events_whose_reaction_does_nothing_are_passed_over(site: Site) -> None:
    seen = []

    async def look(event: Event, effects: Effects) -> None:
        seen.append(event.name)
        if event.number == 2:
            await note(event, effects)

    for _ in range(3):
        await site.write("Patient/a")
    async with site.consumer(reaction(look)) as consumer:
        await consumer.read()
    assert seen == ["Patient/a/1", "Patient/a/2", "Patient/a/3"]
    assert await site.notes() == ["Patient/a/2"]
    assert await site.rows(CURSOR) == await site.rows(END)


async def test_a_transaction_that_commits_late_is_not_skipped(site: Site) -> None:
    late = await asyncpg.connect(site.url)
    async with site.consumer(reaction(note)) as consumer:
        held = late.transaction()
        await held.start()
        await site.write("Patient/late", connection=late)
        await site.write("Patient/quick")
        assert await consumer.read() == 0
        await held.commit()
        await late.close()
        assert await consumer.read() == 2
    assert await site.notes() == ["Patient/late/1", "Patient/quick/1"]


async def test_a_stream_keeps_its_order_when_the_later_transaction_went_first(site: Site) -> None:
    one, other = await asyncpg.connect(site.url), await asyncpg.connect(site.url)
    async with site.consumer(reaction(note)) as consumer:
        first_id, held = one.transaction(), other.transaction()
        await first_id.start()
        await one.execute("SELECT pg_current_xact_id()")
        await held.start()
        await other.execute("SELECT pg_current_xact_id()")
        await site.write("Patient/a")
        await site.write("Patient/a", connection=one)
        await first_id.commit()
        # Only the second event of the stream can be read, and it must wait for the first.
        assert await consumer.read() == 1
        assert await consumer.retry() == 0
        await held.rollback()
        while await consumer.read() + await consumer.retry():
            pass
    await one.close()
    await other.close()
    assert await site.notes() == ["Patient/a/1", "Patient/a/2"]


async def test_of_two_consumers_at_once_only_one_has_the_effect(site: Site) -> None:
    async def slowly(event: Event, effects: Effects) -> None:
        await asyncio.sleep(0.02)
        await note(event, effects)

    for number in range(10):
        await site.write(f"Patient/{number % 3}")
    async with (
        site.consumer(reaction(slowly)) as one,
        site.consumer(reaction(slowly)) as other,
    ):
        while sum(await asyncio.gather(one.read(), other.read())):
            pass
        assert sum(await asyncio.gather(one.retry(), other.retry())) == 0
    assert len(await site.notes()) == 10
    assert await site.rows("SELECT position FROM plan.inbox WHERE tenant = $1") == []


async def test_all_reactions_to_one_event_happen_together(site: Site) -> None:
    async def fail(event: Event, effects: Effects) -> None:
        raise RuntimeError

    await site.write("Patient/a")
    async with site.consumer(reaction(note), reaction(fail)) as consumer:
        await consumer.read()
    assert await site.notes() == []
    assert await site.rows("SELECT stream FROM plan.inbox WHERE tenant = $1") == [("Patient/a",)]
