"""What concerns no reaction passes without a transaction, and changes no effect of the others."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.feed.ahead import READ
from shared.feed.consumer import Consumer
from shared.feed.reaction import Event, Reaction, Reactions, anything
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.reader import read
from shared.store.version import Key
from tests.store.feed_site import new_site, note

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading
    from tests.store.feed_site import Site

ENCOUNTER: Final = TYPE_CODE["Encounter"]
WRITE = """
WITH made AS (
  INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated)
  VALUES ($1, $2, $3, nextval('record.pk'), 1, $4::text IS NULL, now()) RETURNING pk
), stored AS (
  INSERT INTO record.version (tenant, pk, version, type, id, updated, deleted, method, body)
  SELECT $1, pk, 1, $2, $3, now(), $4 IS NULL, 'PUT', $4 FROM made
)
INSERT INTO record.feed (tenant, stream, number, type, id, version, at)
VALUES ($1, $5, $6, $2, $3, 1, now())
"""
PARKED = "SELECT stream, number FROM plan.inbox WHERE tenant = $1 ORDER BY position"
# What was written: of concern, of none, a deletion, and what the reaction fails at for a while.
KINDS = ("finished", "planned", None, "poison")


class Followed:
    """A reaction to stays that are over, which counts how often it is asked."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.broken = True

    def concerns(self, content: JsonObject) -> bool:
        return bool(content["status"] != "planned")

    async def handle(self, event: Event, effects: Effects) -> None:
        self.seen.append(event.name)
        version = await effects.tx.read_version(event.key, event.version)
        if version is None or version.body is None or not self.concerns(read(version.body)):
            return
        await note(event, effects)
        if self.broken and b"poison" in version.body:
            raise ValueError

    def reaction(self, concerns: Callable[[JsonObject], bool] | None = None) -> Reaction:
        concerns = concerns or self.concerns
        return Reaction("stays", frozenset({"Encounter"}), self.handle, concerns)


async def write(
    site: Site,
    stream: str,
    status: str | None,
    connection: asyncpg.Connection | None = None,
    **more: object,
) -> None:
    """Write a stay, or delete one, as its stream's next event."""
    number = site.numbers[stream] = site.numbers.get(stream, 0) + 1
    body = None if status is None else json.dumps({"status": status, **more})
    args = (site.tenant, ENCOUNTER, str(uuid.uuid4()), body, stream, number)
    await (connection or site.owner).execute(WRITE, *args)


async def follow(site: Site, service: str, followed: Followed, reaction: Reaction) -> list[str]:
    """Read the feed to its end, mend what fails, and give what was noted."""
    async with site.store(service) as store:
        reader = Consumer(store, Reactions(service, (reaction,), {}))
        await reader.begin()
        while await reader.read():
            pass
        followed.broken = False
        await site.owner.execute(
            f"UPDATE {service}.inbox SET next_attempt = now() WHERE next_attempt < 'infinity'"
        )
        while await reader.retry():
            pass
    return await site.notes(service)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(KINDS)), max_size=12))
async def test_effects_are_the_same_as_when_every_event_is_looked_at(
    database_url: str, writes: list[tuple[str, str | None]]
) -> None:
    choosy, easy = Followed(), Followed()
    async with new_site(database_url) as site:
        for stream, kind in writes:
            await write(site, f"Patient/{stream}", kind)
        notes = await follow(site, "plan", choosy, choosy.reaction())
        all_noted = await follow(site, "intake", easy, easy.reaction(anything))

    for stream in ("Patient/a/", "Patient/b/"):
        of_stream = [name for name in notes if name.startswith(stream)]
        assert of_stream == [name for name in all_noted if name.startswith(stream)]
    assert len(notes) == sum(kind in {"finished", "poison"} for _, kind in writes)
    assert len(choosy.seen) <= len(easy.seen)


async def test_only_what_concerns_a_reaction_is_shown_to_it(site: Site) -> None:
    followed = Followed()
    for status in ("planned", "finished", "planned", None):
        await write(site, "Patient/a", status)
    async with site.consumer(followed.reaction()) as reader:
        assert await reader.read() == 4
        assert await reader.read() == 0
    assert followed.seen == ["Patient/a/2", "Patient/a/4"]
    assert await site.notes() == ["Patient/a/2"]


async def nobody(_: Reading, __: tuple[str, ...]) -> list[str]:
    return []


async def test_what_concerns_one_reaction_is_not_shown_to_another(site: Site) -> None:
    seen: list[tuple[str, int]] = []

    def wants(status: str, *, follows: bool = False) -> Reaction:
        async def handle(event: Event, _: Effects) -> None:
            seen.append((status, event.number))

        def concerns(content: JsonObject) -> bool:
            return bool(content["status"] == status)

        types = frozenset({"Encounter"})
        return Reaction(status, types, handle, concerns, nobody if follows else None)

    for status in ("planned", "finished", None, "other", "followed"):
        await write(site, "Patient/a", status)
    reactions = (wants("finished"), wants("followed", follows=True), wants("planned"))
    async with site.consumer(*reactions) as reader:
        while await reader.read():
            pass
    # Of a deletion nobody can say, and who follows streams sees what is read for another.
    all_of_them = [("finished", 3), ("followed", 3), ("planned", 3)]
    first = [("followed", 1), ("planned", 1), ("finished", 2), ("followed", 2)]
    assert seen == [*first, *all_of_them, ("followed", 5)]


def test_a_later_version_may_take_back_what_concerned_another() -> None:
    types = frozenset({"Task"})
    open_tasks = Reaction("open", types, note, lambda each: each["status"] == "requested")
    done = Reaction("done", types, note, lambda each: each["status"] == "completed")
    reactions = Reactions("plan", (open_tasks, done), {})

    def shown(version: int, status: str) -> list[str]:
        event = Event(1, "Patient/a", version, Key("Task", "t"), version)
        return [each.name for each in reactions.concerned_by(event, {"status": status})]

    assert shown(1, "completed") == ["done"]
    assert shown(2, "completed") == ["open", "done"]
    assert shown(2, "draft") == []


async def test_where_the_content_cannot_tell_the_streams_that_are_followed_are_shown(
    site: Site,
) -> None:
    seen: Followed = Followed()
    asked: list[int] = []

    async def followed(_: Reading, __: tuple[str, ...]) -> list[str]:
        asked.append(1)
        return ["a"]

    for stream in ("Patient/a", "Patient/b", "Patient/a", "Encounter/c"):
        await write(site, stream, "planned")
    async with site.consumer(replace(seen.reaction(), followed=followed)) as reader:
        assert await reader.read() == 4
        assert await reader.read() == 0
    assert seen.seen == ["Patient/a/1", "Patient/a/2", "Encounter/c/1"]
    assert asked == [1]


async def test_a_long_content_is_looked_at_in_a_transaction_of_its_own(site: Site) -> None:
    followed = Followed()
    await write(site, "Patient/a", "planned", text="x" * 100_000)
    async with site.consumer(followed.reaction()) as reader:
        await reader.read()
    assert followed.seen == ["Patient/a/1"]
    assert await site.notes() == []


async def test_what_waits_for_the_one_before_it_keeps_its_turn(site: Site) -> None:
    followed = Followed()
    one = await asyncpg.connect(site.url)
    async with site.consumer(followed.reaction()) as reader:
        async with one.transaction():
            await one.execute("SELECT pg_current_xact_id()")
            await write(site, "Patient/a", "finished")
            await write(site, "Patient/a", "planned", one)
        await write(site, "Patient/a", "finished")
        # The second has the lower transaction id, so it is read first.
        assert await reader.read() == 3
        assert await site.rows(PARKED) == [("Patient/a", number) for number in (1, 2, 3)]
        while await reader.retry():
            pass
    await one.close()
    assert await site.notes() == ["Patient/a/1", "Patient/a/3"]


async def test_one_that_cannot_say_what_concerns_it_parks_the_stream_alone(site: Site) -> None:
    def fail(_: JsonObject) -> bool:
        raise KeyError

    followed = Followed()
    await write(site, "Patient/bad", "poison")
    await write(site, "Patient/good", "finished")
    async with site.consumer(followed.reaction(fail)) as reader:
        await reader.read()
    assert await site.notes() == ["Patient/good/1"]
    assert await site.rows(PARKED) == [("Patient/bad", 1)]


async def test_a_plan_made_for_an_empty_record_still_reads_a_full_one(site: Site) -> None:
    await site.owner.execute("SET plan_cache_mode = force_generic_plan")
    read_feed = await site.owner.prepare(f"EXPLAIN (ANALYZE, FORMAT JSON) {READ}")
    args = (site.tenant, -(2**63), 0, 500, [ENCOUNTER], 100_000, [ENCOUNTER])
    await read_feed.fetchval(*args)
    for number in range(500):
        await write(site, f"Patient/{number % 20}", "planned")

    plan = json.loads(await read_feed.fetchval(*args))[0]["Plan"]

    assert plan["Actual Rows"] == 500
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 30 * 500


@pytest.mark.parametrize("service", ["intake", "plan", "progress"])
async def test_types_are_choosy_where_every_reaction_is(service: str) -> None:
    easy = Reaction("easy", frozenset({"Task"}), note)
    choosy = Followed().reaction()

    assert Reactions(service, (easy, choosy), {}).choosy_types == {"Encounter"}
    both = Reaction("both", frozenset({"Task", "Encounter"}), note)
    assert Reactions(service, (easy, choosy, both), {}).choosy_types == frozenset()
