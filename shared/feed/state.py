"""What the feed's runner tells about itself, for the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.store.store import Store

# Counted no further: beyond this, only that it is much matters.
_MOST: Final = 10_000
_MEASURE: Final = """
SELECT
  (SELECT count(*) FROM (
    SELECT FROM {schema}.cursor c JOIN record.feed f
      ON f.tenant = c.tenant AND (f.xid, f.position) > (c.xid, c.position)
    WHERE c.tenant = $1 LIMIT $2) beyond),
  (SELECT count(DISTINCT stream) FROM {schema}.inbox WHERE tenant = $1),
  (SELECT count(*) FROM {schema}.outbound WHERE tenant = $1 AND answered IS NULL)
"""


@dataclass(slots=True)
class FeedState:
    """The state that the leading runner of a service sees; elsewhere `leads` is false.

    `lag_events` are feed rows not yet read, `parked_streams` wait behind an event that fails,
    `outbound_waiting` are requests not yet answered.
    """

    leads: bool = False
    lag_events: int = 0
    parked_streams: int = 0
    outbound_waiting: int = 0

    async def measure(self, store: Store) -> None:
        """Ask the database."""
        sql = _MEASURE.format(schema=store.service)
        async with store.pool.connection() as connection:
            row = await connection.fetchrow(sql, store.tenant, _MOST)
        self.lag_events, self.parked_streams, self.outbound_waiting = row

    def step_down(self) -> None:
        """Say that this runner no longer leads, and so knows nothing."""
        self.leads = False
        self.lag_events = self.parked_streams = self.outbound_waiting = 0
