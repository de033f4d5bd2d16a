"""Tells what searches of the audit cost as it grows: `python -m tests.bench.audit_searches`.

The all-in-one program answers each shape alone, one search after the other, with an audit of a
thousand people's that is written straight into the record.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from services.record import ownership
from shared.fhir.definitions import TYPE_CODE
from shared.store.embedded import EmbeddedServer
from shared.store.migrate import migrate
from tests.programs import Programs
from tests.record import owner

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES: Final = (10_000, 100_000, 1_000_000)
PEOPLE: Final = 1000
ASKED: Final = 100
_SECONDS: Final = 20
# A row each 20 s: 1,000,000 are eight months. What a row is follows from its number.
_FILL: Final = f"""
INSERT INTO record.audit
  (tenant, recorded, service, caller, interaction, type, id, patient, request_id, status, query)
SELECT 1, now() - n * interval '{_SECONDS} s', 'intake',
  'Practitioner/c' || n::bigint * 7919 % 1000,
  CASE WHEN n % 1000 = 7 THEN 'delete' WHEN n % 10 = 3 THEN 'update'
    WHEN n % 10 = 4 THEN 'search-type' ELSE 'read' END,
  {TYPE_CODE["Observation"]}, CASE WHEN n % 10 <> 4 THEN 'o' || n % 100000 END,
  p.pks[1 + n % {PEOPLE}], 'r' || n, CASE WHEN n % 200 = 9 THEN 404 ELSE 200 END,
  CASE WHEN n % 10 = 4 THEN 'code=x' END
FROM generate_series(1, $1::int) n, (SELECT array_agg(pk ORDER BY id) AS pks
  FROM record.resource WHERE tenant = 1 AND type = {TYPE_CODE["Patient"]} AND id LIKE 'p%') p
"""


def _caller(rng: Random) -> str:
    return f"Practitioner/c{rng.randrange(1000)}"


def _patient(rng: Random) -> str:
    return f"p{rng.randrange(PEOPLE)}"


SHAPES: Final[dict[str, Callable[[Random], str]]] = {
    "the newest": lambda _: "AuditEvent?",
    "patient": lambda rng: f"AuditEvent?patient={_patient(rng)}",
    "entity": lambda rng: f"AuditEvent?entity=Observation/o{rng.randrange(10_000)}",
    "agent": lambda rng: f"AuditEvent?agent={_caller(rng)}",
    "action=D": lambda _: "AuditEvent?action=D",
    "outcome=4": lambda _: "AuditEvent?outcome=4",
    "date lt, subtype": lambda rng: (
        f"AuditEvent?date=lt{_moment(rng.randrange(9000))}&subtype=read"
    ),
    "agent, action=U": lambda rng: f"AuditEvent?agent={_caller(rng)}&action=U",
    "two agents, action=U": lambda rng: f"AuditEvent?agent={_caller(rng)},{_caller(rng)}&action=U",
    "patient, _sort=agent": lambda rng: f"AuditEvent?patient={_patient(rng)}&_sort=agent",
    "patient.identifier": lambda rng: f"AuditEvent?patient.identifier={_patient(rng)}",
    "patient, _include": lambda rng: (
        f"AuditEvent?patient={_patient(rng)}&_include=AuditEvent:patient"
    ),
    "Patient: _has:AuditEvent:patient:agent": lambda rng: (
        f"?_type=Patient&_has:AuditEvent:patient:agent={_caller(rng)}"
    ),
    "Patient: _id, _revinclude": lambda rng: (
        f"?_type=Patient&_id={_patient(rng)}&_revinclude=AuditEvent:patient"
    ),
    "entity-role=24": lambda _: "AuditEvent?entity-role=24",
    "patient, _total": lambda rng: f"AuditEvent?patient={_patient(rng)}&_total=accurate",
    "entity-name=task, a 422": lambda _: "AuditEvent?entity-name=task",
}


def _moment(rows: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - rows * _SECONDS))


def _people() -> dict[str, Any]:
    entries = [
        {
            "request": {"method": "PUT", "url": f"Patient/p{n}"},
            "resource": {
                "resourceType": "Patient",
                "id": f"p{n}",
                "identifier": [{"value": f"p{n}"}],
            },
        }
        for n in range(PEOPLE)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


async def _fill(url: str, rows: int) -> None:
    async with owner(url) as connection:
        await connection.execute(_FILL, rows)
        await connection.execute("VACUUM ANALYZE")


def _measured(url: str, rows: int) -> dict[str, list[float]]:
    asyncio.run(migrate(url, ownership()))
    with (
        Programs.all_in_one(url, workers=2) as programs,
        httpx.Client(base_url=programs.fhir, timeout=60, trust_env=False) as client,
    ):
        client.post("", json=_people()).raise_for_status()
        programs.settle()
        asyncio.run(_fill(url, rows))
        return {name: _asked(client, make) for name, make in SHAPES.items()}


def _asked(client: httpx.Client, make: Callable[[Random], str]) -> list[float]:
    rng, found = Random(0), []
    for number in range(ASKED + 5):
        begun = time.perf_counter()
        mark = "&" if not (target := make(rng)).endswith("?") else ""
        client.get(f"{target}{mark}_count=20")
        if number >= 5:
            found.append((time.perf_counter() - begun) * 1000)
    return found


def main() -> None:
    """Measure each size, and print the table."""
    with tempfile.TemporaryDirectory(prefix="stepdown-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer.start(Path(folder), lambda _: None)
        try:
            found = [_measured(asyncio.run(_database(server.url, each)), each) for each in SIZES]
        finally:
            server.stop()
    print("| shape | " + " | ".join(f"{each:,}" for each in SIZES) + " | its p99 |")
    print("| --- |" + " --: |" * (len(SIZES) + 1))
    for name in SHAPES:
        times = [each[name] for each in found]
        shown = [f"{median(each):.1f}" for each in times]
        print(f"| {name} | {' | '.join(shown)} | {quantiles(times[-1], n=100)[-1]:.1f} |")


async def _database(url: str, rows: int) -> str:
    async with owner(url) as connection:
        await connection.execute(f"CREATE DATABASE audit_{rows}")
    return urlunsplit(urlsplit(url)._replace(path=f"/audit_{rows}"))


if __name__ == "__main__":
    main()
