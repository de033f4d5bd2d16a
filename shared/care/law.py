"""What a law of the record is: a pure rule that holds whoever writes.

A law sees the change and nothing else; the clock is part of it. It yields all that is wrong, so
that the writer learns of everything at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from shared.fhir.errors import Issue
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class CareChange:
    """A write as a law sees it: the content before (None when new) and after, and the moment."""

    before: JsonObject | None
    after: JsonObject
    now: datetime


@dataclass(frozen=True, slots=True)
class Law:
    """A rule for one type."""

    type: str
    rule: Callable[[CareChange], Iterable[Issue]]
