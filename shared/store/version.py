"""What the store gives and takes: a key, a version, a change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from shared.fhir.references import Links

if TYPE_CHECKING:
    from shared.access.policy import Policy
    from shared.fhir.reader import JsonObject

_STEP = timedelta(milliseconds=1)


class Key(NamedTuple):
    """A resource's type and logical id."""

    type: str
    id: str

    def __str__(self) -> str:
        """Write the relative reference."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version of a resource; `body` is its JSON, None for a deletion."""

    key: Key
    pk: int
    number: int
    updated: datetime
    deleted: bool
    method: str
    body: bytes | None


@dataclass(frozen=True)
class Change:
    """A write that was decided: from the version that was read to a new content.

    `after` is the tree that rules look at and the index is made of, None to delete; `raw` is the
    JSON that the client sent, where it was not changed since.
    """

    key: Key
    method: str
    before: Version | None
    after: JsonObject | None
    now: datetime
    raw: bytes | None = None

    @cached_property
    def links(self) -> Links | None:
        """The links of the new content; a rewrite of them is seen by all."""
        return None if self.after is None else Links(self.after)

    @property
    def number(self) -> int:
        """Number the version that this change makes."""
        return 1 if self.before is None else self.before.number + 1

    def may_be_awaited(self, policy: Policy) -> bool:
        """Tell whether others may refer to the resource that is there from this change on.

        To what was deleted a Provenance may, to what never was only where that is allowed.
        """
        was = policy.external_references if self.before is None else self.before.deleted
        return was and self.after is not None

    @property
    def updated(self) -> datetime:
        """Date the version."""
        return dated(self.now, self.before)


def dated(moment: datetime, before: Version | None) -> datetime:
    """Date a version in whole milliseconds, but always after the one before."""
    now = moment.astimezone(UTC)
    stamp = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return stamp if before is None else max(stamp, before.updated + _STEP)


def instant(moment: datetime) -> str:
    """Write a moment as a FHIR instant in UTC with milliseconds."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )
