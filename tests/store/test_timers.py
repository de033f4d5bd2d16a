"""Timers fire in the order of their times, each once, with its effects."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.store.version import Key
from tests.store.feed_site import note, reaction

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from tests.store.feed_site import Site

EPISODE = Key("EpisodeOfCare", "e1")
PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(2120, 1, 1, tzinfo=UTC)
TIMERS = "SELECT key, due, attempts FROM plan.timer WHERE tenant = $1 ORDER BY due"


async def test_due_timers_fire_once_and_in_order_with_several_copies(site: Site) -> None:
    async def set_timers(_: Event, effects: Effects) -> None:
        for day in (3, 1, 2):
            await effects.set_timer(f"t{day}", PAST + timedelta(day), "note", EPISODE)
        await effects.set_timer("later", FUTURE, "note", EPISODE)

    async with AsyncExitStack() as stack:
        for _ in range(3):
            copy = site.running("plan", reaction(set_timers), timers={"note": note})
            await stack.enter_async_context(copy)
        await site.write("Patient/a")
        assert await site.noted(3) == ["t1", "t2", "t3"]
    assert await site.rows(TIMERS) == [("later", FUTURE, 0)]


async def test_setting_a_timer_again_moves_it(site: Site) -> None:
    async def set_timer(event: Event, effects: Effects) -> None:
        due = FUTURE if event.number == 1 else PAST
        await effects.set_timer("t", due, "note", EPISODE)

    async with site.running("plan", reaction(set_timer), timers={"note": note}):
        await site.write("Patient/a")
        await site.becomes(1, "SELECT count(*) FROM plan.timer WHERE tenant = $1")
        await site.write("Patient/a")
        await site.noted(1)
    assert await site.rows(TIMERS) == []


async def test_an_event_that_came_before_can_still_cancel_a_due_timer(site: Site) -> None:
    async def follow(event: Event, effects: Effects) -> None:
        if event.number == 1:
            await effects.set_timer("cancelled", PAST, "note", EPISODE)
            await effects.set_timer("kept", PAST, "note", EPISODE)
        else:
            await effects.cancel_timer("cancelled")

    await site.write("Patient/a")
    await site.write("Patient/a")
    async with site.running("plan", reaction(follow), timers={"note": note}):
        assert await site.noted(1) == ["kept"]
    assert await site.rows(TIMERS) == []


async def test_a_handler_can_set_its_own_timer_again(site: Site) -> None:
    async def three_times(timer: DueTimer, effects: Effects) -> None:
        sql = "SELECT count(*) FROM public.feed_note WHERE tenant = $1"
        count = await effects.tx.connection.fetchval(sql, effects.tx.access.tenant)
        name = f"{timer.id}/{count}"
        await note(type(timer)(name, timer.name, timer.due, timer.key), effects)
        if count < 2:
            await effects.set_timer(timer.id, timer.due, timer.name, timer.key)

    async def set_timer(_: Event, effects: Effects) -> None:
        await effects.set_timer("t", PAST, "again", EPISODE)

    async with site.running("plan", reaction(set_timer), timers={"again": three_times}):
        await site.write("Patient/a")
        assert await site.noted(3) == ["t/0", "t/1", "t/2"]
    assert await site.rows(TIMERS) == []


async def test_a_failing_timer_waits_and_holds_up_no_other(site: Site) -> None:
    broken = True

    async def fail(timer: DueTimer, effects: Effects) -> None:
        await note(timer, effects)
        if broken:
            raise RuntimeError

    async def set_timers(_: Event, effects: Effects) -> None:
        await effects.set_timer("failing", PAST, "fail", EPISODE)
        await effects.set_timer("unknown", PAST, "nobody handles this", EPISODE)
        await effects.set_timer("good", PAST + timedelta(1), "note", EPISODE)

    timers = {"note": note, "fail": fail}
    async with site.running("plan", reaction(set_timers), timers=timers):
        await site.write("Patient/a")
        assert await site.noted(1) == ["good"]
        broken = False
        assert await site.noted(2) == ["good", "failing"]
    [(key, _, attempts)] = await site.rows(TIMERS)
    assert key == "unknown"
    assert attempts > 0
