"""What a reaction may do, all of it inside the one transaction of its event or timer.

The body of a request that it sends carries ids or `ifNoneExist` derived from its cause, so that
the request changes nothing when it arrives a second time.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.feed.reaction import DueTimer
from shared.fhir.definitions import TYPE_CODE
from shared.store.audit import AuditRow
from shared.store.audit_codes import DISCLOSE

if TYPE_CHECKING:
    from datetime import datetime

    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction
    from shared.store.version import Key

_SET_TIMER: Final = """
INSERT INTO {schema}.timer (tenant, key, due, name, type, id) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant, key) DO UPDATE
SET due = EXCLUDED.due, name = EXCLUDED.name, type = EXCLUDED.type, id = EXCLUDED.id,
  attempts = 0, next_attempt = NULL
"""
_CANCEL_TIMER: Final = "DELETE FROM {schema}.timer WHERE tenant = $1 AND key = $2"
_STATUS: Final = """
SELECT status FROM {schema}.outbound WHERE tenant = $1 AND key = $2 AND answered IS NOT NULL
"""
# A timer of this name and a request's cause falls due when the request is answered.
ANSWER: Final = "answer to "
# It is told before anything leaves, so there is no answer yet.
_ACCEPTED: Final = 202
# Requests of one transaction go out in the order of their making, so each has a time of its own.
_SEND: Final = """
INSERT INTO {schema}.outbound
  (tenant, key, stream, target, method, path, body, created, next_attempt)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), now())
"""


@dataclass(frozen=True, slots=True)
class Effects:
    """A transaction on the record, with timers and requests that are committed with it."""

    tx: Transaction
    now: datetime
    service: str
    occasion: Event | DueTimer

    def cause(self, purpose: str) -> str:
        """Name an effect: `stream/number/purpose`, the same at every repetition."""
        return self.occasion.cause(purpose)

    def id_for(self, purpose: str) -> str:
        """Derive a logical id from the cause, the same at every repetition."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.cause(purpose)))

    async def set_timer(self, timer_id: str, due: datetime, name: str, key: Key) -> None:
        """Let the handler `name` be called for `key` when `due` comes; the same id moves it."""
        await self._execute(_SET_TIMER, timer_id, due, name, TYPE_CODE[key.type], key.id)

    async def cancel_timer(self, timer_id: str) -> None:
        """Forget a timer, whether or not it is set."""
        await self._execute(_CANCEL_TIMER, timer_id)

    async def await_answer(self, purpose: str, due: datetime, name: str, key: Key) -> None:
        """Let the handler `name` be called when a request is answered, or when `due` comes."""
        await self.set_timer(f"{ANSWER}{self.cause(purpose)}", due, name, key)

    async def answer(self) -> int | None:
        """Give the status of the answer that this timer waited for; None while there is none."""
        cause = self.occasion.id.removeprefix(ANSWER) if isinstance(self.occasion, DueTimer) else ""
        statement = _STATUS.format(schema=self.service)
        found: int | None = await self.tx.connection.fetchval(
            statement, self.tx.access.tenant, cause
        )
        return found

    async def send(self, target: str, method: str, path: str, *, body: bytes, purpose: str) -> None:
        """Have a request delivered until it is answered, after those of the same stream.

        `target` is a sibling's name or an absolute FHIR base, which has a stream of its own: a
        partner who does not answer holds up nobody else.
        """
        stream = self.occasion.stream
        stream = f"{stream} to {target}" if target.startswith(("http://", "https://")) else stream
        await self._execute(_SEND, self.cause(purpose), stream, target, method, path, body.decode())

    async def disclose(self, resource: JsonObject, recipient: str, purpose: str) -> None:
        """Let the audit tell that a resource goes to somebody outside by a request of ours."""
        row = AuditRow(
            recorded=self.now,
            service=self.service,
            caller=recipient,
            interaction=DISCLOSE,
            type=TYPE_CODE[resource["resourceType"]],
            id=resource["id"],
            version=int(resource["meta"]["versionId"]),
            request_id=self.cause(purpose),
            status=_ACCEPTED,
            query=None,
        )
        await self.tx.audit([row])

    async def _execute(self, statement: str, *values: object) -> None:
        await self.tx.connection.execute(
            statement.format(schema=self.service), self.tx.access.tenant, *values
        )
