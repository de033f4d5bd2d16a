"""Live asks nothing, ready asks everything, and neither says more than it must."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from shared.server.health import DatabaseState, Readiness, ServiceCheck, health_router
from tests.unit.asgi import ask

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def check(state: DatabaseState | BaseException, data_dir: Path | None = None) -> ServiceCheck:
    async def ask() -> DatabaseState:
        if isinstance(state, BaseException):
            raise state
        return state

    return ServiceCheck(ask, "0002", data_dir, lambda: NOW)


def app(readiness: Readiness) -> FastAPI:
    built = FastAPI()
    built.include_router(health_router(readiness))
    return built


async def asked(
    state: DatabaseState | BaseException, data_dir: Path | None = None
) -> tuple[int, Any]:
    answer = await ask(app(Readiness(check(state, data_dir))), "/health/ready")
    return answer.status, answer.json()["checks"]


async def test_a_service_with_all_it_needs_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = SimpleNamespace(total=100, free=50)
    monkeypatch.setattr("shutil.disk_usage", lambda _: half)

    status, checks = await asked(DatabaseState("0002", NOW), tmp_path)

    assert status == 200
    assert checks == {"database": "ok", "migration": "ok", "clock": "ok", "disk": "ok"}


async def test_a_disk_that_is_not_known_is_not_looked_at() -> None:
    assert (await asked(DatabaseState("0002", NOW)))[1].keys() == {"database", "migration", "clock"}


@pytest.mark.parametrize("found", [None, "0001"])
async def test_a_database_behind_this_release_is_not_ready(found: str | None) -> None:
    status, checks = await asked(DatabaseState(found, NOW))

    assert status == 503
    assert "0002" in checks["migration"]


async def test_a_database_that_the_next_release_has_migrated_is_ready() -> None:
    assert (await asked(DatabaseState("0003", NOW)))[0] == 200


@pytest.mark.parametrize(("seconds", "status"), [(4, 200), (-4, 200), (6, 503), (-6, 503)])
async def test_the_machine_and_the_database_must_agree_on_the_time(
    seconds: int, status: int
) -> None:
    assert (await asked(DatabaseState("0002", NOW + timedelta(seconds=seconds))))[0] == status


@pytest.mark.parametrize(("free", "status"), [(11, 200), (10, 503), (0, 503)])
async def test_a_tenth_of_the_disk_must_be_free(
    free: int, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(total=100, free=free)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)

    assert (await asked(DatabaseState("0002", NOW), tmp_path))[0] == status


async def test_a_database_that_fails_is_not_ready_and_its_words_are_not_repeated() -> None:
    status, checks = await asked(RuntimeError("Key (name)=(Canary)"))

    assert status == 503
    assert checks == {"database": "The database does not answer within 500 ms."}


async def test_a_database_that_hangs_is_not_waited_for() -> None:
    async def hang() -> DatabaseState:
        await asyncio.Event().wait()
        raise AssertionError

    answer = await ask(app(Readiness(ServiceCheck(hang, "0002"))), "/health/ready")

    assert answer.status == 503


async def test_a_program_that_is_stopping_is_not_ready_but_lives() -> None:
    readiness = Readiness(check(DatabaseState("0002", NOW)))
    asking = app(readiness)
    assert (await ask(asking, "/health/ready")).status == 200

    readiness.draining = True

    assert (await ask(asking, "/health/ready")).status == 503
    assert (await ask(asking, "/health/live")).status == 200


async def test_live_does_not_ask_the_database() -> None:
    answer = await ask(app(Readiness(check(RuntimeError()))), "/health/live")

    assert answer.status == 200
    assert answer.json() == {"status": "alive"}


async def test_findings_that_do_not_decide_are_only_told() -> None:
    readiness = Readiness(check(RuntimeError()), decides=False)
    answer = await ask(app(readiness), "/health/ready")

    assert answer.status == 200
    assert answer.json()["checks"]["database"] != "ok"
