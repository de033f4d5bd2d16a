"""Two records, equal but for what a caller may not see, and the services that answer from each."""

from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64decode
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from services.cli.programs import DEFINITIONS
from services.front_door import route
from shared.access.access import ANONYMOUS, Access, Caller
from shared.fhir.search.reading import Reading
from shared.server import ids
from shared.server.capabilities import capability_statement
from shared.server.engine import Engine
from shared.server.http import Addresses, FhirEndpoint
from shared.server.metrics import Metrics
from shared.server.operations.everywhere import with_engine_operations
from shared.server.siblings import Siblings
from shared.store.pool import PoolLimits
from shared.store.store import Store
from shared.store.version import Change, Key
from tests.access.population import Planned, anchors, content, holder, planned
from tests.store.search_record import Record
from tests.unit.asgi import Answer, ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    import pytest

    from tests.access.callers import Kind
    from tests.access.vocabulary import Ask

BASE: Final = "http://here.example/fhir"
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
SYSTEM: Final = Access.system("test")
OTHER_TENANT: Final = 2
# Who writes what is seen, and is not seen themselves by all.
WRITER: Final = Caller("Practitioner/d1")
# Who writes what is hidden, of whom some are seen themselves.
ACTING: Final = (None, "Patient/p0", "Patient/p1", "Patient/p2", "Practitioner/d1")
_SERVED: Final = tuple(with_engine_operations(each, is_open=False) for each in DEFINITIONS)
_PAGE: Final = re.compile(rb"_page=([A-Za-z0-9_-]+)")
_QUERY: Final = re.compile(rb'"query":"([A-Za-z0-9+/=]+)"')
_AUDITED: Final = re.compile(rb'(AuditEvent/|"resourceType":"AuditEvent","id":")[0-9a-f]{16}')


STATEMENT: Final = capability_statement(*_SERVED, base=BASE, software_version="test")


class Clocked(Store):
    """A store whose record has the time that it is told."""

    time = START

    def now(self) -> datetime:
        return self.time


@dataclass
class World:
    """One record, and its three services as its caller reaches them."""

    kind: Kind
    stores: dict[str, Clocked]
    endpoints: dict[str, FhirEndpoint]
    # Draws what the caller may not see.
    rng: Random
    hidden: int = 0

    async def ask(self, asked: Ask, number: int) -> Answer:
        """Answer a request as the caller, at its own time."""
        for store in self.stores.values():
            store.time = START + timedelta(seconds=number)
        service = route(asked.target.partition("?")[0])
        headers = {"x-request-id": f"r{number}", **dict(asked.headers)}
        if asked.body is not None:
            headers.setdefault("content-type", "application/fhir+json")
        return await ask(
            self.endpoints[service],
            f"/fhir/{asked.target}"
            if asked.target[:1] not in {"", "?"}
            else f"/fhir{asked.target}",
            method=asked.method,
            headers=headers,
            body=_bytes(asked.body),
        )

    async def write(
        self, store: Store, key: Key, said: dict[str, Any] | None, caller: Caller = ANONYMOUS
    ) -> None:
        """Write straight into the record, whatever the rules say."""
        async with store.begin(replace(SYSTEM, caller=caller), "test", door=True) as tx:
            await tx.write([Change(key, "PUT", await tx.read(key), said, self.store.time)])

    def seen_by(self, kind: Kind) -> World:
        """Show the same record to another caller."""
        return replace(self, kind=kind, endpoints=_endpoints(self.stores, kind))

    @property
    def store(self) -> Clocked:
        """The store that may write everything."""
        return self.stores["intake"]

    async def write_hidden(self) -> None:
        """Write some more that the caller may not see, or change some of it."""
        for _ in range(self.rng.choice((0, 0, 1, 3))):
            self.hidden += 1
            number = self.hidden % 12
            of = self._hidden(number)
            if of is not None:
                key, caller = Key(of.type, of.id), Caller(self.rng.choice(ACTING))
                await self.write(self.store, key, content(self.rng, of), caller)

    def _hidden(self, number: int) -> Planned | None:
        of_nobody = ("Practitioner", "Organization", "PlanDefinition")
        name = self.rng.choice(("Observation", "Condition", "CarePlan", "Patient", *of_nobody))
        patient = None if name in of_nobody else self.rng.choice(("p0", "p2"))
        of = Planned(name, f"x{number}", f"x{number}" if name == "Patient" else patient)
        return None if self.kind.sees(of.type, of.patient) else of


@asynccontextmanager
async def two_worlds(
    kind: Kind, urls: Sequence[str], seed: int = 0
) -> AsyncIterator[tuple[World, World]]:
    """Fill two records and open both for one kind of caller."""
    async with AsyncExitStack() as opened:
        found = []
        for number, url in enumerate(urls):
            world = await opened.enter_async_context(one_world(kind, url, seed, number))
            found.append(world)
        yield found[0], found[1]


@asynccontextmanager
async def one_world(kind: Kind, url: str, seed: int = 0, number: int = 0) -> AsyncIterator[World]:
    """Fill a record and open it for one kind of caller."""
    async with AsyncExitStack() as opened:
        stores = {}
        for each in _SERVED:
            stores[each.name] = _store(url, each.name)
            await stores[each.name].open()
            opened.push_async_callback(stores[each.name].close)
        for store in stores.values():
            store.paging_key = b"k" * 32
        world = World(kind, stores, _endpoints(stores, kind), Random(f"{seed} {number}"))
        if number:
            await _fill_another_tenant(url, world.rng)
        await _fill(world, Random(seed))
        yield world


def _store(url: str, service: str) -> Clocked:
    return Clocked(
        url,
        service,
        1,
        texts=Reading(bases=(BASE,)),
        keeps_door=service == "intake",
        limits=PoolLimits(size=2),
    )


def _endpoints(stores: dict[str, Clocked], kind: Kind) -> dict[str, FhirEndpoint]:
    return {
        each.name: FhirEndpoint(
            Engine(each, stores[each.name], "test", Siblings({}), _SERVED),
            Addresses(BASE, (BASE,), UTC),
            Metrics(each.name, 1, {}),
            admit=lambda _headers, _tenant: kind.access,
        )
        for each in _SERVED
    }


def _bytes(body: object) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


async def _fill_another_tenant(url: str, rng: Random) -> None:
    connection = await asyncpg.connect(url)
    await Record(connection, OTHER_TENANT).write([content(rng, each) for each in planned()])
    await connection.close()


async def _fill(world: World, shared: Random) -> None:
    """Write what is planned: what is seen alike in both worlds, what is hidden as it is drawn."""
    every = planned()
    for each in every:
        seen = content(shared, each)
        if world.kind.sees(each.type, each.patient):
            await world.write(world.store, Key(each.type, each.id), seen, WRITER)
        elif each.type == "Patient" or world.rng.random() < 0.7:
            await world.write(world.store, Key(each.type, each.id), content(world.rng, each))
        await world.write_hidden()
    for each in anchors(every):
        held = holder(each)
        await world.write(world.store, Key(held.type, held.id), content(world.rng, held))
    await _move(world, shared)


async def _move(world: World, shared: Random) -> None:
    """Write versions about one person, and then about another."""
    for name, patients in (("m0", ("p2", "p0")), ("m1", ("p1", "p3")), ("m2", ("p0", "p1"))):
        for patient in patients:
            of = Planned("Observation", name, patient)
            said = content(shared, of)
            if not world.kind.sees(of.type, patient):
                # Never the same in both worlds: then nothing could tell them apart.
                said["valueString"] = str(world.rng.random())
                said.pop("valueQuantity", None)
            await world.write(world.store, Key("Observation", name), said)
    for of in (Planned("Observation", "gone", "p0"), Planned("Observation", "gone2", "p2")):
        await world.write(world.store, Key(of.type, of.id), content(shared, of))
        await world.write(world.store, Key(of.type, of.id), None)


def repeatable_ids(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make new ids follow from the number of the request; give what is to be told that."""
    told = SimpleNamespace(rng=Random(0))

    def begin(number: int) -> None:
        told.rng = Random(number)

    def urandom(size: int) -> bytes:
        made: bytes = told.rng.randbytes(size)
        return made

    monkeypatch.setattr(ids, "os", SimpleNamespace(urandom=urandom))
    return begin


def comparable(answer: Answer) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Leave out of an answer what is not the same twice: the ids of the audit's rows."""
    body = answer.body
    if b"AuditEvent" in body:
        body = _without_places(_QUERY.sub(_readable, body))
    left_out = {"content-length"} if b"AuditEvent" in body else set()
    headers = {k: v for k, v in answer.headers.items() if k not in left_out}
    return answer.status, tuple(sorted(headers.items())), body


def _readable(found: re.Match[bytes]) -> bytes:
    """Show what was asked before, which may have named a page of the audit too."""
    return b'"query":"%b"' % b64decode(found[1])


def _without_places(text: bytes) -> bytes:
    return _PAGE.sub(_without_position, _AUDITED.sub(rb"\1#", text))


def _without_position(found: re.Match[bytes]) -> bytes:
    text = found[1]
    signed = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if not signed[16:].startswith(b"{"):
        # No key of ours: somebody asked for a page of their own invention.
        return text
    key = json.loads(signed[16:])
    return repr((key["values"], key["backward"])).encode() if key["type"] == "AuditEvent" else text
