"""The ceiling: an ASGI handler that does nothing but run the product's prepared statements.

It is what Python, uvicorn, asyncpg and PostgreSQL leave to a server that had no work of its own.
Run as `python -m tests.bench.ceiling SOCKET WORKERS JOB`, in which the job is a file.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import asyncpg
import uvicorn
from uvicorn.supervisors import Multiprocess

from services.ownership import DOOR_KEEPER
from shared.access.access import ANONYMOUS, DEFAULT_TENANT, Access
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.parse import parse
from shared.fhir.search.reading import Reading
from shared.store.roles import DOOR, role_url
from shared.store.search import page_statement
from shared.store.statements import READ

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_JOB: Final = "STEPDOWN_BENCH_JOB"
_CONNECTIONS: Final = 8
# Where the write statement has them among its arguments.
_IDS, _PKS, _PATIENTS, _STREAMS = 2, 3, 7, 10
_HEADERS: Final = [(b"content-type", b"application/fhir+json")]


@dataclass
class Job:
    """Where the record is, and what a ceiling is going to be asked."""

    url: str
    searches: list[str] = field(default_factory=list)
    writes: list[tuple[str, list[Any]]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write it where the workers find it."""
        path.write_bytes(pickle.dumps(self))


class Bare:
    """Answers `/fhir/Type/id`, `/search/n` for the nth search, `/write/n/pk` for the nth write."""

    def __init__(self, told: Job) -> None:
        self._url: str = told.url
        self._searches = [_compiled(each) for each in told.searches]
        self._writes = [Writing(sql, args) for sql, args in told.writes]
        self._pool: asyncpg.Pool | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        _, kind, first, second = (*scope["path"].split("/"), "")[:4]
        body = await getattr(self, f"_{kind}")(first, second)
        headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._pool = await asyncpg.create_pool(
            role_url(self._url, DOOR_KEEPER),
            min_size=1,
            max_size=_CONNECTIONS,
            reset=_nothing,
            init=_as_door if self._writes else None,
            statement_cache_size=1000,
            server_settings={"stepdown.tenant": str(DEFAULT_TENANT), "jit": "off"},
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _fhir(self, resource_type: str, logical_id: str) -> bytes:
        rows = await self._fetch(READ.wide, DEFAULT_TENANT, TYPE_CODE[resource_type], logical_id)
        return rows[0]["body"].encode() if rows and rows[0]["body"] else b""

    async def _search(self, number: str, _: str) -> bytes:
        sql, args = self._searches[int(number)]
        rows = await self._fetch(sql, *args)
        return b"[" + b",".join(row["body"].encode() for row in rows) + b"]"

    async def _write(self, number: str, pk: str) -> bytes:
        sql, args = self._writes[int(number)].at(int(pk))
        await self._fetch(sql, *args)
        return b""

    async def _fetch(self, sql: str, *args: object) -> Any:  # noqa: ANN401
        assert self._pool is not None
        async with self._pool.acquire() as connection:
            return await connection.fetch(sql, *args)


class Writing:
    """A call of the write statement, recorded once, into which other keys are put.

    It was recorded with keys below 0, which nobody else has.
    """

    def __init__(self, sql: str, args: list[Any]) -> None:
        self._sql, self._args = sql, args

    def at(self, pk: int) -> tuple[str, list[Any]]:
        """Give the call that writes to the keys from `pk` on, with ids of the same numbers."""
        args = list(self._args)
        old = args[_PATIENTS]
        args[_PKS] = [pk - 1 - each for each in args[_PKS]]
        args[_PATIENTS] = [each if each is None or each > 0 else pk - 1 - each for each in old]
        args[_IDS] = [f"{each}" for each in args[_PKS]]
        args[_STREAMS] = [
            stream if before == after else f"Patient/{after}"
            for stream, before, after in zip(args[_STREAMS], old, args[_PATIENTS], strict=True)
        ]
        return self._sql, args


def _compiled(search: str) -> tuple[str, list[Any]]:
    resource_type, _, query = search.partition("?")
    reading = Reading()
    parsed = parse(resource_type, parse_qsl(query), zone=reading.zone, now=reading.now)
    access = Access.open(ANONYMOUS, DEFAULT_TENANT)
    statement = page_statement(parsed, access, None)
    return statement.sql, list(statement.args)


async def _nothing(_: asyncpg.Connection) -> None:
    """Leave a connection as it is: a reset would cost a round trip."""


async def _as_door(connection: asyncpg.Connection) -> None:
    await connection.execute(f"SET ROLE {DOOR}")


def create() -> Bare:
    """Build the program in a worker."""
    return Bare(pickle.loads(Path(os.environ[_JOB]).read_bytes()))


def main() -> None:
    """Serve on a socket that is bound already, as the product's programs do."""
    number, workers, path = sys.argv[1:]
    os.environ[_JOB] = path
    config = uvicorn.Config(
        "tests.bench.ceiling:create",
        factory=True,
        workers=int(workers),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_worker_healthcheck=60,
        backlog=2048,
    )
    Multiprocess(config, sockets=[socket.socket(fileno=int(number))]).run()


if __name__ == "__main__":
    main()
