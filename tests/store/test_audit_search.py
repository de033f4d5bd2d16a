"""Searches of the audit equal looking at every row, and show no caller what is not theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.access.access import ANONYMOUS, Access
from shared.fhir.definitions import TYPE_CODE, TYPE_NAME, search_parameters
from shared.server.audit_event import audit_event
from shared.store.audit_codes import ACTIONS, OUTCOMES, SEARCHES
from shared.store.audit_ids import audit_id
from shared.store.audit_search import (
    audit_count_statement,
    audit_page_statement,
    audit_place,
    audit_row_statement,
    audited,
)
from tests.search.generated.asking import asked
from tests.search.opinion.reading import Reading as Opinion
from tests.search.opinion.thing import Thing
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from shared.fhir.search.query import Query
    from shared.store.audit import Audited
    from shared.store.page_key import PageKey
    from shared.store.search.arguments import Statement

SECRET = b"s" * 32
START: Final = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
TYPES: Final = ("Patient", "Observation", "Flag", "DocumentReference")
PATIENTS: Final = ("p0", "p1", "p2")
GENDERS: Final[dict[str | None, str]] = {"p0": "female", "p1": "male"}
CALLERS: Final = ("Practitioner/a", "Patient/p0", "Device/a", "Organization/a")
_INSERT: Final = (
    "INSERT INTO record.audit (tenant, recorded, service, caller, interaction, type, id, patient, "
    "request_id, status) VALUES ($1, $2, 'intake', $3, $4, $5, $6, $7, 'test', $8) "
    "RETURNING position"
)


@dataclass(frozen=True)
class Row:
    """What can be searched of a row; `position` is its place in the audit."""

    minute: int
    caller: str | None
    interaction: str
    type: str | None
    id: str | None
    patient: str | None
    status: int
    position: int = 0

    @property
    def entities(self) -> set[str]:
        found = {f"{self.type}/{self.id}"} if self.type and self.id else set()
        return found | ({f"Patient/{self.patient}"} if self.patient else set())


def shown_as(row: Row) -> str:
    return audit_id(row.position, SECRET)


class Trail:
    """The audit of a tenant of its own."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.record = Record(connection)
        self.connection = connection
        self.rows: list[Row] = []

    async def write(self, rows: Sequence[Row]) -> None:
        tenant = self.record.tenant
        patients = [{"resourceType": "Patient", "id": name} for name in PATIENTS]
        genders = ({"gender": GENDERS[name]} if name in GENDERS else {} for name in PATIENTS)
        await self.record.write([a | b for a, b in zip(patients, genders, strict=True)])
        for row in rows:
            position = await self.connection.fetchval(
                _INSERT,
                tenant,
                START + timedelta(minutes=row.minute),
                row.caller,
                row.interaction,
                TYPE_CODE.get(row.type or ""),
                row.id,
                self.record.pks.get(f"Patient/{row.patient}"),
                row.status,
            )
            self.rows.append(replace(row, position=position))

    async def fetch(self, statement: Statement) -> list[Audited]:
        rows = await self.connection.fetch(statement.sql, *statement.args)
        return [audited(row, SECRET) for row in rows]

    async def walk(self, query: Query, access: Access) -> list[int]:
        """Follow the pages to the end, then back again, which must show the same."""
        found: list[Audited] = []
        key: PageKey | None = None
        while True:
            page = await self.fetch(audit_page_statement(query, access, key, secret=SECRET))
            found += page[: query.count]
            if len(page) <= query.count:
                break
            key = audit_place(found[-1])
        if found:
            back = replace(audit_place(found[-1]), backward=True)
            before = await self.fetch(audit_page_statement(query, access, back, secret=SECRET))
            assert before == found[max(len(found) - query.count - 2, 0) : -1]
        return [each.position for each in found]

    async def count(self, query: Query, access: Access) -> int:
        statement = audit_count_statement(query, access, secret=SECRET)
        total: int = await self.connection.fetchval(statement.sql, *statement.args)
        return total


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


ROWS = st.lists(
    st.builds(
        Row,
        minute=st.integers(0, 5),
        caller=st.none() | st.sampled_from(CALLERS),
        interaction=st.sampled_from(sorted(ACTIONS)),
        type=st.sampled_from([None, "Patient", *TYPES]),
        id=st.none() | st.sampled_from(["p0", "x"]),
        patient=st.sampled_from([None, "p0", *PATIENTS]),
        status=st.sampled_from([200, 304, 404, 422, 503]),
    ),
    min_size=8,
    max_size=25,
)


def _at(row: Row) -> str:
    return (START + timedelta(minutes=row.minute)).isoformat()


def _compares(row: Row, text: str) -> bool:
    minute = row.minute
    return {"ne": minute != 3, "ge": minute >= 3, "lt": minute < 3, "sa": True}[text[:2]]


def _is_fetched(row: Row) -> bool:
    who = (row.caller, row.type, row.status)
    return row.interaction in {"read", "vread"} and who == (
        "Organization/a",
        "DocumentReference",
        200,
    )


def _patients(row: Row) -> set[str]:
    """Whom a row is about, and who asked, where it was a patient."""
    return {each for each in (*row.entities, row.caller or "") if each.startswith("Patient/")}


# The patients to whom chains lead from a row.
CHAINS: Final[dict[str, Callable[[Row], set[str | None]]]] = {
    "patient.gender": lambda row: {each.removeprefix("Patient/") for each in _patients(row)},
    "entity:Patient.gender": lambda row: {
        each.removeprefix("Patient/") for each in row.entities if each.startswith("Patient/")
    },
    "agent:Patient.gender": lambda row: {(row.caller or "").removeprefix("Patient/")},
}
# What each value of a parameter asks of a row.
HOLDS: Final[dict[str, tuple[tuple[str, ...], Any]]] = {
    "_id": (("1", "2", "3", "x"), lambda row, text: shown_as(row) == text),
    "entity": (
        ("Patient/p0", "Observation/x", "Flag/p0", "Patient/x", "p1"),
        lambda row, text: any(f"/{each}".endswith(f"/{text}") for each in row.entities),
    ),
    "patient": (
        ("p0", "Patient/p1", "Patient/none", "Practitioner/p0"),
        lambda row, text: any(f"/{each}".endswith(f"/{text}") for each in _patients(row)),
    ),
    "agent": (
        ("Practitioner/a", "Patient/p0", "a", "Practitioner/none"),
        lambda row, text: f"/{row.caller}".endswith(f"/{text}"),
    ),
    "subtype": (
        ("read", "create", "batch", "disclose"),
        lambda row, text: row.interaction == text or (text == "disclose" and _is_fetched(row)),
    ),
    "action": (tuple("CRUDE"), lambda row, text: ACTIONS[row.interaction] == text),
    "outcome": (
        tuple(OUTCOMES),
        lambda row, text: OUTCOMES[text][0] <= row.status < OUTCOMES[text][1],
    ),
    "action:not": (tuple("CRUDE"), lambda row, text: ACTIONS[row.interaction] == text),
    "_id:not": (("1", "2"), lambda row, text: shown_as(row) == text),
    "agent:Practitioner": (("a", "Practitioner/a"), lambda row, _: row.caller == "Practitioner/a"),
    "date": (
        ("2026-03-01T00:02:00Z", "2026-03-01T00:04Z", "2025"),
        lambda row, text: _at(row).startswith(text.rstrip("Z")),
    ),
    "_lastUpdated": (
        ("ne2026-03-01T00:03Z", "ge2026-03-01T00:03Z", "lt2026-03-01T00:03:00Z", "sa2025"),
        _compares,
    ),
}


def _values(code: str) -> st.SearchStrategy[str]:
    return st.sampled_from(HOLDS[code][0] if code in HOLDS else ("female", "male"))


@st.composite
def searches(draw: st.DrawFn) -> list[tuple[str, str]]:
    codes = draw(st.lists(st.sampled_from(sorted({*HOLDS, *CHAINS})), max_size=2))
    pairs = [(code, draw(st.lists(_values(code), min_size=1, max_size=3))) for code in codes]
    sort = draw(st.sampled_from([None, "date", "-date", "_lastUpdated"]))
    asked = [(code, ",".join(texts)) for code, texts in pairs]
    return [*asked, *([("_sort", sort)] if sort else []), ("_count", draw(st.sampled_from("137")))]


ACCESSES = st.tuples(
    st.none() | st.frozensets(st.sampled_from([*PATIENTS, "none"])),
    st.none() | st.frozensets(st.sampled_from([*TYPES, "AuditEvent"])),
)


def answer(pairs: list[tuple[str, str]], access: Access, rows: list[Row]) -> list[int]:
    """Look at every row."""

    def holds(row: Row) -> bool:
        asked = ((code, HOLDS[code][1], text) for code, text in pairs if code in HOLDS)
        return all(
            any(test(row, each) for each in text.split(",")) != code.endswith(":not")
            for code, test, text in asked
        )

    def leads(row: Row) -> bool:
        """Tell whether chains lead to what they ask for, through nobody unseen."""
        genders = {
            name: gender
            for name, gender in GENDERS.items()
            if access.patients is None or name in access.patients
            if access.types is None or "Patient" in access.types
        }
        return all(
            {genders.get(each) for each in CHAINS[code](row)} & {*text.split(",")}
            for code, text in pairs
            if code in CHAINS
        )

    def sees(row: Row) -> bool:
        if access.patients is not None and row.patient not in access.patients:
            return False
        return access.types is None or {"AuditEvent", row.type} <= access.types

    ascending = dict(pairs).get("_sort", "-date")[0] != "-"
    found = [row for row in rows if holds(row) and leads(row) and sees(row)]
    found.sort(key=lambda row: (row.minute, row.position), reverse=not ascending)
    return [row.position for row in found]


@pytest.mark.parametrize("seed", range(3))
async def test_all_parameters_of_r4_find_what_the_resource_tells(
    connection: asyncpg.Connection, seed: int
) -> None:
    """The second opinion reads the AuditEvent by FHIRPath, and knows nothing of rows."""
    random = Random(seed)
    trail = Trail(connection)
    await trail.write([drawn(random) for _ in range(12)])
    access, record = trail.record.access, trail.record
    every = await trail.fetch(
        audit_page_statement(record.query("AuditEvent"), access, None, secret=SECRET)
    )
    things = [Thing(audit_event(each), START, place) for place, each in enumerate(every)]
    world = Opinion(things, zone=UTC, now=START, base="", terminology=lambda *_: set())
    for name, text in questions(things, random):
        test = world.restriction("AuditEvent", name, text)
        expected = [place for place, thing in enumerate(things) if test(thing)]
        query = record.query("AuditEvent", (name, text))
        found = await trail.fetch(audit_page_statement(query, access, None, secret=SECRET))
        assert [every.index(row) for row in found] == expected, (name, text)


def questions(things: list[Thing], random: Random) -> Iterator[tuple[str, str]]:
    """Ask by every parameter for all that some AuditEvent tells, and for what none does."""
    for code, each in search_parameters("AuditEvent").items():
        if each.type == "special" or code in {"_id", "_lastUpdated"}:
            continue
        nodes = [node for thing in things for node in thing.nodes(code)]
        told = [found for node in nodes for found in asked("AuditEvent", code, node, random)]
        is_token = each.type == "token"
        yield from ((f"{code}{modifier}", text) for modifier, text in sorted({*told, ("", "2026")}))
        negated = {text for modifier, text in told if is_token and not modifier}
        yield from ((f"{code}:not", text) for text in sorted(negated))
        yield from ((f"{code}:missing", text) for text in ("true", "false"))


def drawn(random: Random) -> Row:
    interaction = random.choice(sorted(ACTIONS))
    return Row(
        minute=random.randint(0, 5),
        caller=random.choice([None, *CALLERS]),
        interaction=interaction,
        type=random.choice([None, *TYPES]),
        id=None if interaction in SEARCHES else random.choice([None, "p0", "x"]),
        patient=random.choice([None, *PATIENTS]),
        status=random.choice([200, 404, 503]),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, asked=st.lists(st.tuples(searches(), ACCESSES), min_size=20, max_size=30))
async def test_every_walk_equals_looking_at_every_row(
    connection: asyncpg.Connection,
    rows: list[Row],
    asked: list[tuple[list[tuple[str, str]], tuple[Any, Any]]],
) -> None:
    trail = Trail(connection)
    await trail.write(rows)
    for told, (patients, types) in asked:
        pairs = [
            (code, _placed(text, trail.rows) if code.startswith("_id") else text)
            for code, text in told
        ]
        access = Access(trail.record.tenant, ANONYMOUS, patients, types, "test")
        query = trail.record.query("AuditEvent", *pairs)
        expected = answer(pairs, access, trail.rows)
        assert await trail.walk(query, access) == expected, (pairs, access)
        assert await trail.count(query, access) == len(expected)
        for row in trail.rows[:3]:
            seen = await trail.fetch(audit_row_statement(shown_as(row), access, secret=SECRET))
            assert bool(seen) == (row.position in answer([], access, trail.rows))


def _placed(text: str, rows: list[Row]) -> str:
    """Make of the number of a row its id."""
    return ",".join(
        shown_as(rows[int(each)]) if each.isdigit() and int(each) < len(rows) else each
        for each in text.split(",")
    )


async def test_a_row_tells_its_patient_by_the_logical_id(connection: asyncpg.Connection) -> None:
    trail = Trail(connection)
    await trail.write([Row(0, CALLERS[0], "read", "Flag", "f1", "p1", 200)])
    [found] = await trail.fetch(
        audit_row_statement(shown_as(trail.rows[0]), trail.record.access, secret=SECRET)
    )

    assert found.patient == "p1"
    assert TYPE_NAME[found.row.type or 0] == "Flag"
    assert (found.row.caller, found.row.recorded) == (CALLERS[0], START)


async def test_another_tenants_row_is_not_seen(connection: asyncpg.Connection) -> None:
    ours, theirs = Trail(connection), Trail(connection)
    await ours.write([Row(0, None, "read", "Flag", "f1", "p1", 200)])
    await theirs.write([Row(0, None, "read", "Flag", "f1", "p1", 200)])
    told = shown_as(theirs.rows[0])
    query = ours.record.query("AuditEvent", ("patient", "p1"))

    assert await ours.walk(query, ours.record.access) == [ours.rows[0].position]
    assert await ours.fetch(audit_row_statement(told, ours.record.access, secret=SECRET)) == []
    assert (
        len(await theirs.fetch(audit_row_statement(told, theirs.record.access, secret=SECRET))) == 1
    )
