"""Which version a policy has written is told exactly, however soon others write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.feed.status_given import is_at_once
from shared.store.version import Change, Key, Version

NOW = datetime(2026, 5, 4, 12, 0, 0, 123_987, tzinfo=UTC)
PLAN, SAID = Key("CarePlan", "p"), Key("Provenance", "s")


def version(key: Key, at: datetime, before: Version | None = None) -> Version:
    """The version that a write at an instant makes of one that was read."""
    change = Change(key, "PUT", before, {}, at)
    return Version(key, 1, change.number, change.updated, deleted=False, method="PUT", body=b"{}")


# A writer begins with the time, reads and writes: what is read may be later than that.
@pytest.mark.parametrize("earlier", [-86_400_000, -1, 0, 1, 40, 900])
def test_what_was_written_together_is_known_whatever_was_before(earlier: int) -> None:
    before = version(PLAN, NOW + timedelta(milliseconds=earlier))
    ours, said = version(PLAN, NOW, before), version(SAID, NOW)

    assert is_at_once(said, ours, before)


@pytest.mark.parametrize("later", [2, 10, 999])
def test_what_somebody_writes_right_after_is_theirs(later: int) -> None:
    before = version(PLAN, NOW - timedelta(days=1))
    ours, said = version(PLAN, NOW, before), version(SAID, NOW)
    theirs = version(PLAN, NOW + timedelta(milliseconds=later), ours)

    assert not is_at_once(said, theirs, ours)
    assert is_at_once(version(SAID, NOW + timedelta(milliseconds=later)), theirs, ours)
    assert not is_at_once(version(SAID, NOW + timedelta(milliseconds=later)), ours, before)
