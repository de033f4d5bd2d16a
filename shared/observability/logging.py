"""The log: one logfmt line for each event, in which no record can appear.

A traceback quotes what it fails on (a statement's parameters, a value of a body), so of an
exception only the classes and the places in the code are told. Of another library's message only
the words it begins with are told, never what it put into them.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_OURS: Final = ("shared", "services", "stepdown")
_PLAIN: Final = re.compile(r"[!#-<>-~]+")  # printable, without space, quote and equals sign
_WORDS: Final = re.compile(r"[A-Za-z ,.'-]*")
_FRAMES: Final = 8


def configure_logging(level: str, service: str) -> None:
    """Send every logger of this process to standard error, redacted, and silence access logs."""
    # Otherwise a line that cannot be written is shown with all its values.
    logging.raiseExceptions = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogfmtFormatter(service))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    # It would print query strings, and with them whom someone searched for.
    logging.getLogger("uvicorn.access").disabled = True


class LogfmtFormatter(logging.Formatter):
    """Writes a record as `name=value` pairs on one line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": _message(record),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= _described(record.exc_info[1])
        return " ".join(f"{name}={_value(value)}" for name, value in line.items())


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in _OURS:
        return record.getMessage()
    # asyncio, for one, has already put values and an exception's text into it.
    words = _WORDS.match(str(record.msg))
    return words[0].strip() if words else ""


def _described(error: BaseException) -> dict[str, object]:
    chain = list(_chain(error))
    return {
        "error": ",".join(type(each).__qualname__ for each in chain),
        "at": ";".join(",".join(_places(each.__traceback__)) for each in chain),
    }


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _places(trace: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(trace)][-_FRAMES:]
    return [f"{_module(code.co_filename)}:{line}:{code.co_name}" for code, line in frames]


def _module(filename: str) -> str:
    return "/".join(filename.replace("\\", "/").split("/")[-2:])


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
