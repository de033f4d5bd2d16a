"""One line of the log for each request: what was asked for and how it ended, of nobody.

What a client can write freely never enters it: a method or a type that FHIR does not know is
left out, and there is no path, query, header or body.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from shared.fhir.definitions import TYPE_CODE

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_OVERTAKEN: Final = 412
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccessLine:
    """A request and its answer; `issues` are the codes of its OperationOutcome."""

    service: str
    method: str
    interaction: str | None
    type: str | None
    status: int
    issues: tuple[str, ...]
    request_id: str
    milliseconds: float

    @property
    def fields(self) -> dict[str, str | int]:
        """The line's fields in their order, without those that say nothing."""
        told: dict[str, str | int | None] = {
            "service": self.service,
            "method": self.method if self.method in _METHODS else None,
            "interaction": self.interaction,
            "type": self.type if self.type in TYPE_CODE else None,
            "status": self.status,
            "issues": ",".join(self.issues),
            "request": self.request_id,
            "ms": f"{self.milliseconds:.1f}",
        }
        return {name: value for name, value in told.items() if value}


def log_access(line: AccessLine) -> None:
    """Write the line; a refusal is a warning, a fault of ours an error.

    That another writer was first is what conditions are for, and nobody's fault.
    """
    _log.log(_level(line.status), "request", extra={"fields": line.fields})


def _level(status: int) -> int:
    if status >= 500:
        return logging.ERROR
    return logging.WARNING if status >= 400 and status != _OVERTAKEN else logging.INFO
