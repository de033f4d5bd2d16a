"""Of several writes about a patient the last speaks for the others, where a reaction says so."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.feed.consumer import Consumer
from shared.feed.reaction import Reaction, Reactions
from shared.fhir.definitions import TYPE_CODE
from tests.store.feed_site import new_site

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from tests.store.feed_site import Site

TYPE: Final = TYPE_CODE["Encounter"]
TYPES: Final = frozenset({"Encounter"})
MAKE: Final = """
INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient)
VALUES ($1, $2, $3, nextval('record.pk'), 1, false, now(), $4)
ON CONFLICT (tenant, type, id) DO UPDATE SET version = record.resource.version + 1, patient = $4
RETURNING pk, version
"""
VERSION: Final = """
INSERT INTO record.version
  (tenant, pk, version, type, id, updated, deleted, method, body, patient)
VALUES ($1, $2, $3, $4, $5, now(), false, 'PUT', '{}', $6)
"""
FEED: Final = """
INSERT INTO record.feed (tenant, stream, number, type, id, version, at)
VALUES ($1, $2, $3, $4, $5, $6, now())
"""
# Of whom each is; of None, several.
PATIENTS: Final = {"a": 1, "b": 2, None: None}


async def write(site: Site, patient: str | None, logical_id: str | None = None) -> None:
    """Write an Encounter of a patient, as it is new or once more."""
    name = logical_id or uuid.uuid4().hex
    made = await site.owner.fetchrow(MAKE, site.tenant, TYPE, name, PATIENTS[patient])
    number, pk = made["version"], made["pk"]
    await site.owner.execute(VERSION, site.tenant, pk, number, TYPE, name, PATIENTS[patient])
    stream = f"Patient/{patient}" if patient else f"Encounter/{name}"
    site.numbers[stream] = site.numbers.get(stream, 0) + 1
    args = (stream, site.numbers[stream], TYPE, name, number)
    await site.owner.execute(FEED, site.tenant, *args)


class Seeing:
    """Reactions that note what they see; the first may fail once."""

    def __init__(self, *, fails: bool = False) -> None:
        self.each: list[str] = []
        self.once: list[str] = []
        self.fails = fails

    @property
    def reactions(self) -> Reactions:
        each = Reaction("each", TYPES, self._each)
        once = Reaction("once", TYPES, self._once, by_person=TYPES)
        return Reactions("plan", (each, once), {})

    async def _each(self, event: Event, _: Effects) -> None:
        if self.fails:
            raise ValueError
        self.each.append(event.name)

    async def _once(self, event: Event, _: Effects) -> None:
        self.once.append(event.name)


async def read(site: Site, seeing: Seeing) -> None:
    """Read the feed to its end, and then what was parked."""
    async with site.store() as store:
        reader = Consumer(store, seeing.reactions)
        await reader.begin()
        while await reader.read():
            pass
        seeing.fails = False
        await site.owner.execute("UPDATE plan.inbox SET next_attempt = now() WHERE attempts > 0")
        while await reader.retry():
            pass


async def test_the_last_write_about_each_patient_speaks_for_the_others(site: Site) -> None:
    seeing = Seeing()
    for patient in ("a", "b", "a", "a"):
        await write(site, patient)
    await read(site, seeing)

    assert seeing.each == ["Patient/a/1", "Patient/b/1", "Patient/a/2", "Patient/a/3"]
    assert seeing.once == ["Patient/b/1", "Patient/a/3"]


async def test_what_is_of_several_patients_speaks_for_itself(site: Site) -> None:
    seeing = Seeing()
    for logical_id in ("one", "one", "two"):
        await write(site, None, logical_id)
    await read(site, seeing)

    assert seeing.once == seeing.each == ["Encounter/one/1", "Encounter/one/2", "Encounter/two/1"]


async def test_what_was_of_another_patient_before_speaks_for_itself(site: Site) -> None:
    seeing = Seeing()
    for patient, name in (("a", "moved"), ("b", "moved"), ("b", "moved"), ("b", "new")):
        await write(site, patient, name)
    await read(site, seeing)

    # The first of b's took something from a, of which a later one of b's does not tell.
    assert seeing.once == ["Patient/a/1", "Patient/b/1", "Patient/b/3"]


async def test_a_stream_that_is_parked_is_decided_on_when_it_goes_on(site: Site) -> None:
    seeing = Seeing(fails=True)
    for patient in ("a", "a", "b"):
        await write(site, patient)
    await read(site, seeing)

    assert sorted(seeing.each) == ["Patient/a/1", "Patient/a/2", "Patient/b/1"]
    assert {"Patient/a/2", "Patient/b/1"} <= set(seeing.once)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from("xyz")), max_size=12))
async def test_each_patient_is_decided_on_after_the_last_write_that_was_about_them(
    database_url: str, writes: list[tuple[str, str]]
) -> None:
    seeing = Seeing()
    # By each write, whose it is and was: the number of the last write that must be decided after.
    owners: dict[str, str] = {}
    last: dict[str, str] = {}
    counts: dict[str, int] = {}
    async with new_site(database_url) as site:
        for patient, name in writes:
            await write(site, patient, name)
            counts[patient] = counts.get(patient, 0) + 1
            event = f"Patient/{patient}/{counts[patient]}"
            last[patient] = event
            if owners.get(name, patient) != patient:
                last[owners[name]] = event
            owners[name] = patient
        await read(site, seeing)

    for event in last.values():
        assert event in seeing.once
    assert len(seeing.once) == len(set(seeing.once)) <= len(seeing.each) == len(writes)
