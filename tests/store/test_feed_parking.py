"""An event whose reaction fails parks its stream, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from shared.feed.attempt import back_off_seconds
from shared.fhir.errors import EditConflict, Unavailable
from tests.store.feed_site import note, reaction

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from tests.store.feed_site import Site

PARKED = "SELECT stream, number, attempts FROM plan.inbox WHERE tenant = $1 ORDER BY position"


class Fragile:
    """Fails for one event as long as it is broken."""

    def __init__(self, poison: str) -> None:
        self.poison = poison
        self.calls = 0
        self.error: Exception | None = ValueError("Maria Muster, born 1980")

    async def handle(self, event: Event, effects: Effects) -> None:
        await note(event, effects)
        if event.name == self.poison:
            self.calls += 1
            if self.error is not None:
                raise self.error


async def test_a_poison_event_parks_its_stream_and_the_others_go_on(site: Site) -> None:
    fragile = Fragile("Patient/bad/1")
    async with site.running("plan", reaction(fragile.handle)):
        for _ in range(3):
            await site.write("Patient/bad")
            await site.write("Patient/good")
        assert await site.noted(3) == [f"Patient/good/{number}" for number in (1, 2, 3)]
        await site.becomes(3, "SELECT count(*) FROM plan.inbox WHERE tenant = $1")
        fragile.error = None
        notes = await site.noted(6)
    assert notes[3:] == [f"Patient/bad/{number}" for number in (1, 2, 3)]
    assert await site.rows(PARKED) == []


async def test_a_parked_event_is_tried_again_with_growing_pauses(site: Site) -> None:
    fragile = Fragile("Patient/bad/1")
    async with site.consumer(reaction(fragile.handle)) as consumer:
        await site.write("Patient/bad")
        await consumer.read()
        assert await site.rows(PARKED) == [("Patient/bad", 1, 1)]
        assert await consumer.retry() == 0
        await site.owner.execute("UPDATE plan.inbox SET next_attempt = now()")
        assert await consumer.retry() == 1
        assert await site.rows(PARKED) == [("Patient/bad", 1, 2)]
    assert [back_off_seconds(attempts, 0) for attempts in (1, 2, 3, 10, 11, 5000)] == [
        0.5, 1, 2, 256, 300, 300,
    ]  # fmt: skip


async def test_what_is_kept_of_an_error_quotes_no_record(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    fragile = Fragile("Patient/bad/1")
    async with site.consumer(reaction(fragile.handle)) as consumer:
        await site.write("Patient/bad")
        await consumer.read()
    [(error,)] = await site.rows("SELECT error FROM plan.inbox WHERE tenant = $1")
    assert error.startswith("ValueError in handle (test_feed_parking.py:")
    assert "ValueError in handle" in caplog.text
    assert "Muster" not in error + caplog.text


@pytest.mark.parametrize(
    "error", [EditConflict(), Unavailable(), asyncpg.DeadlockDetectedError("x"), OSError("x")]
)
async def test_a_lost_race_is_tried_again_at_once(site: Site, error: Exception) -> None:
    fragile = Fragile("Patient/a/1")
    fragile.error = error

    async def lose_twice(event: Event, effects: Effects) -> None:
        if fragile.calls == 2:
            fragile.error = None
        await fragile.handle(event, effects)

    async with site.consumer(reaction(lose_twice)) as consumer:
        await site.write("Patient/a")
        await consumer.read()
    assert fragile.calls == 3
    assert await site.notes() == ["Patient/a/1"]
    assert await site.rows(PARKED) == []


async def test_a_race_that_is_always_lost_parks_its_stream(site: Site) -> None:
    fragile = Fragile("Patient/bad/1")
    fragile.error = EditConflict()
    async with site.consumer(reaction(fragile.handle)) as consumer:
        await site.write("Patient/bad")
        await site.write("Patient/good")
        await consumer.read()
    assert fragile.calls > 1
    assert await site.notes() == ["Patient/good/1"]
    assert await site.rows(PARKED) == [("Patient/bad", 1, 1)]


async def test_a_failing_statement_of_a_reaction_parks_only_its_stream(site: Site) -> None:
    async def fail(event: Event, effects: Effects) -> None:
        await note(event, effects)
        if event.stream == "Patient/bad":
            await effects.tx.connection.execute("SELECT 1 / 0")

    async with site.consumer(reaction(fail)) as consumer:
        await site.write("Patient/bad")
        await site.write("Patient/good")
        await consumer.read()
    assert await site.notes() == ["Patient/good/1"]
    assert await site.rows(PARKED) == [("Patient/bad", 1, 1)]
