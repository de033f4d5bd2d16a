"""What a law of the record is: a pure rule that holds whoever writes.

A law sees the change and what it says that it needs; the clock is part of the change. It yields
all that is wrong, so that the writer learns of everything at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from shared.fhir.errors import Issue
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class CareChange:
    """A write as a law sees it: the content before (None when new) and after, when, and by whom.

    `now` is in the zone in which a date without one is taken to be; `caller` is a reference
    (`Practitioner/7`), None for an anonymous one; `bases` are all addresses of this server, to
    understand references by.
    """

    before: JsonObject | None
    after: JsonObject
    now: datetime
    caller: str | None = None
    bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """A search whose matches a law must see: a type, and criteria by tokens and references."""

    type: str
    criteria: tuple[tuple[str, str], ...]


# What was found for each need of a law, in their order.
Found = tuple["Sequence[JsonObject]", ...]


def _nothing(_change: CareChange) -> tuple[Need, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Law:
    """A rule for one type.

    An issue with the code `forbidden` refuses the caller, and `conflict` what cannot be as things
    stand; any other one the content.

    What `needs` names is held until the commit: who writes by the same need waits, so that two
    writers cannot each keep the law and break it together. A law that must see first what it needs
    names in `further` what then is held, and nothing where there is none: so that a rule that
    nobody has asked for keeps no writer waiting.
    """

    type: str
    rule: Callable[[CareChange, Found], Iterable[Issue]]
    needs: Callable[[CareChange], tuple[Need, ...]] = _nothing
    further: Callable[[CareChange, Found], tuple[Need, ...]] | None = None


NOTHING_FOUND: Final[Found] = ()
