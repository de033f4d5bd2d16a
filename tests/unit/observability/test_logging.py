"""A canary is put wherever a record could be, and never reaches the log."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import sys
from typing import TYPE_CHECKING

import pytest

from shared.observability.access_log import AccessLine, log_access
from shared.observability.logging import LogfmtFormatter, configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "Wilhelmina-Canary"
LOGGERS = ("", "shared", "services", "stepdown", "uvicorn", "uvicorn.error", "uvicorn.access")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Configure the logs as a program does, where they can be read; leave them as they were."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [
        (each, each.handlers[:], each.level, each.propagate, each.disabled) for each in loggers
    ]
    raising = logging.raiseExceptions
    configure_logging("info", "plan")
    yield redirected()
    logging.raiseExceptions = raising
    for each, handlers, level, propagate, disabled in before:
        each.handlers, each.propagate, each.disabled = handlers, propagate, disabled
        each.setLevel(level)


def redirected() -> io.StringIO:
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    stream = io.StringIO()
    handler.setStream(stream)
    return stream


def written(log: io.StringIO) -> str:
    text = log.getvalue()
    log.seek(0)
    log.truncate()
    return text


def fail() -> None:
    name = CANARY
    raise ValueError(f"Key (name)=({name}) already exists")


def test_a_line_has_its_parts_in_order(log: io.StringIO) -> None:
    logging.getLogger("shared.feed").info("caught up after %d events", 3)
    line = written(log)

    assert line.startswith("time=20")
    assert line.endswith(
        'level=info service=plan logger=shared.feed event="caught up after 3 events"\n'
    )


def test_an_access_line_speaks_for_its_own_service(log: io.StringIO) -> None:
    log_access(AccessLine("intake", "GET", "read", "Patient", 200, (), "r-1", 1.5))
    line = written(log)

    assert " service=intake " in line
    assert line.endswith("method=GET interaction=read type=Patient status=200 request=r-1 ms=1.5\n")


def test_a_request_never_shows_what_a_client_wrote(log: io.StringIO) -> None:
    log_access(AccessLine("intake", CANARY, None, CANARY, 404, (), "r-1", 1.5))
    line = written(log)

    assert "status=404" in line
    assert CANARY not in line


@pytest.mark.parametrize("logger", ["shared.server.http", "uvicorn.error", "asyncpg"])
def test_an_exception_is_told_by_class_and_place_only(logger: str, log: io.StringIO) -> None:
    try:
        try:
            fail()
        except ValueError as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError:
        logging.getLogger(logger).exception("Exception in ASGI application\n")
    line = written(log)

    assert "error=RuntimeError,ValueError" in line
    assert " at=observability/test_logging.py:" in line
    assert ":fail" in line
    assert CANARY not in line
    assert line.count("\n") == 1


def test_where_the_cause_is_hidden_it_stays_hidden(log: io.StringIO) -> None:
    try:
        try:
            fail()
        except ValueError:
            raise RuntimeError(CANARY) from None
    except RuntimeError:
        logging.getLogger("shared").exception("internal error")
    line = written(log)

    assert "error=RuntimeError at=" in line


def test_the_values_of_another_library_are_not_told(log: io.StringIO) -> None:
    foreign = logging.getLogger("httpx")
    foreign.warning("HTTP Request: %s %s", "GET", f"http://x/fhir/Patient?name={CANARY}")
    foreign.warning(f"Request failed: {CANARY}")
    foreign.info("%s", CANARY)
    lines = written(log)

    assert 'event="HTTP Request"' in lines
    assert 'event="Request failed"' in lines
    assert lines.count("\n") == 2
    assert CANARY not in lines


async def test_a_task_that_nobody_awaited_shows_no_values(
    log: io.StringIO,
) -> None:
    async def failing(_name: str) -> None:
        fail()

    task = asyncio.create_task(failing(CANARY))
    await asyncio.wait([task])
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(lambda _name: fail(), CANARY)
    await asyncio.sleep(0.01)
    lines = written(log)

    assert 'event="Task exception was never retrieved"' in lines
    assert lines.count("error=ValueError") == 2
    assert CANARY not in lines


def test_the_access_log_of_uvicorn_is_off(log: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").error("GET /fhir/Patient?name=%s", CANARY)
    assert written(log) == ""

    logging.getLogger("uvicorn.error").error("Invalid HTTP request received.")
    assert 'event="Invalid HTTP request received."' in written(log)


def test_a_line_that_cannot_be_written_does_not_show_its_values(
    log: io.StringIO,
) -> None:
    values = (CANARY,)
    logging.getLogger("shared").info("one value for %s and %s", *values)

    assert CANARY not in written(log)


def test_a_value_can_not_begin_a_new_line_or_a_new_field() -> None:
    record = logging.LogRecord("shared", logging.INFO, "", 0, "a\nlevel=error \x1b[2J", None, None)
    line = LogfmtFormatter("plan").format(record)

    assert line.endswith('event="a\\nlevel=error \\u001b[2J"')


def test_levels_below_the_one_asked_for_are_silent(log: io.StringIO) -> None:
    configure_logging("warning", "plan")
    log = redirected()
    logging.getLogger("shared").info("nothing")
    logging.getLogger("shared").warning("something")

    assert written(log).count("\n") == 1
