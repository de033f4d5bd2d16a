"""The engine of one service: its definition, its store, and the dispatch of every request."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import asyncpg

from shared.fhir.errors import (
    EditConflict,
    FhirError,
    InvalidSearch,
    OutcomeUnknown,
    Unavailable,
)
from shared.fhir.reader import read
from shared.fhir.writer import write
from shared.server.auditing import audit_row
from shared.server.capabilities import capability_statement
from shared.server.entries import of_its_kind
from shared.server.interactions import INTERACTIONS, InteractionEntry
from shared.server.interactions.operation import called, operation
from shared.server.routing import belongs_here
from shared.store.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from shared.fhir.search.stored import Stored
    from shared.server.definition import Opens, ServiceDefinition
    from shared.server.request import Context, FhirRequest, FhirResponse
    from shared.server.siblings import Siblings
    from shared.store.reading import Reading
    from shared.store.store import Store

_LOST_RACE: Final = (EditConflict, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_TOO_SLOW: Final = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)
_log = logging.getLogger(__name__)
_TRIES: Final = 10
_FIRST_PAUSE_SECONDS: Final = 0.002


@dataclass(frozen=True)
class Engine:
    """What an interaction can reach besides its request and its transaction."""

    definition: ServiceDefinition
    store: Store
    software_version: str
    siblings: Siblings
    # What all services serve together, where this one is told of the others.
    together: tuple[ServiceDefinition, ...] = ()
    # Each statement as it was made, by how many services it is of.
    _statements: dict[int, tuple[Stored, bytes]] = field(default_factory=dict)

    @property
    def statement(self) -> bytes:
        """The CapabilityStatement, the same until the stored search parameters change."""
        return self._stated(self.definition)

    @property
    def statement_of_all(self) -> bytes:
        """The CapabilityStatement of all services, as the front door gives it."""
        return self._stated(*self.together) if self.together else self.statement

    async def dispatch(
        self, request: FhirRequest, context: Context, *, in_bundle: bool = False
    ) -> FhirResponse:
        """Answer a request; what was read or refused is in the audit before this returns."""
        try:
            if not in_bundle:
                belongs_here(request, self.definition)
            request = of_its_kind(request)
            response, audited = await self._answer(request, context)
        except OutcomeUnknown:
            raise  # what it wrote to the audit stands or falls with it
        except FhirError as error:
            await self.refused(request, context, error)
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the other entries of a batch go on
            fault = internal_error(context.request_id)
            await self.refused(request, context, fault)
            raise fault from None
        if not audited:
            await self._audit_answer(request, context, response)
        return response

    def _stated(self, *definitions: ServiceDefinition) -> bytes:
        texts = self.store.texts
        known, made = self._statements.get(len(definitions), (None, b""))
        if known is not texts.stored:
            stated = capability_statement(
                *definitions,
                base=texts.bases[0],
                software_version=self.software_version,
                stored=texts.stored,
            )
            made = write(stated)
            self._statements[len(definitions)] = texts.stored, made
        return made

    async def refused(self, request: FhirRequest, context: Context, error: FhirError) -> None:
        """Audit a refusal."""
        await self._audit(request, context, error.status)

    def reading(self, context: Context) -> AbstractAsyncContextManager[Reading]:
        """Read one state of the record, for what opens nothing by itself."""
        return self.store.reading(context.access, snapshot=True)

    async def _answer(self, request: FhirRequest, context: Context) -> tuple[FhirResponse, bool]:
        interaction = self._interaction(request)
        for attempt in range(1, _TRIES + 1):
            known = self.store.texts.stored
            try:
                opened = self._opened(interaction.opens, request, context, again=attempt > 1)
                async with opened as reached:
                    response = await interaction.handle(reached, request, context)
            except _LOST_RACE as error:
                # A lost race is run again from its reads, so that a stale If-Match is seen.
                if attempt == _TRIES:
                    raise _conflict(error) from error
                await asyncio.sleep(_FIRST_PAUSE_SECONDS * attempt)
                request = _afresh(request)
            except InvalidSearch:
                # What is not known here may have been registered by another process.
                await self.store.refresh_parameters()
                if attempt == _TRIES or self.store.texts.stored is known:
                    raise
            except _TOO_SLOW as error:
                raise Unavailable(
                    "The request took too long.", headers={"Retry-After": "5"}
                ) from error
            else:
                return response, isinstance(reached, Transaction) and reached.audited
        raise AssertionError("the last try returns or raises")

    def _interaction(self, request: FhirRequest) -> InteractionEntry:
        if request.interaction != "operation":
            return INTERACTIONS[request.interaction]
        found = called(self.definition, request)
        return InteractionEntry(partial(operation, engine=self, operation=found), found.opens)

    @asynccontextmanager
    async def _opened(
        self, opens: Opens, request: FhirRequest, context: Context, *, again: bool
    ) -> AsyncIterator[Reading | Transaction | Engine]:
        if opens == "nothing":
            yield self
        elif opens == "transaction":
            door = request.interaction == "transaction" or not self._owns(request)
            door = door and request.interaction != "operation"
            begun = self.store.begin(context.access, context.request_id, door=door, again=again)
            async with begun as tx:
                yield tx
        else:
            snapshot = opens == "snapshot"
            async with self.store.reading(context.access, snapshot=snapshot) as reading:
                yield reading

    def _owns(self, request: FhirRequest) -> bool:
        return request.type is None or request.type in self.definition.types

    async def _audit_answer(
        self, request: FhirRequest, context: Context, response: FhirResponse
    ) -> None:
        try:
            await self._audit(request, context, response.status, response)
        except Unavailable as error:
            if self._interaction(request).opens != "nothing":
                raise
            # A batch or an operation has acted already, in transactions of its own.
            raise OutcomeUnknown("The record stopped answering after it had acted.") from error

    async def _audit(
        self,
        request: FhirRequest,
        context: Context,
        status: int,
        response: FhirResponse | None = None,
    ) -> None:
        if request.interaction == "capabilities":
            return
        service = self.definition.name
        row = audit_row(request, context, service, status=status, response=response)
        await self.store.audit([row])


def internal_error(trace: str) -> FhirError:
    """Log the exception at hand, and give what a client is told of it."""
    _log.exception("internal error in request %s", trace)
    return FhirError(f"Internal error; its trace is {trace}.")


def _afresh(request: FhirRequest) -> FhirRequest:
    # A transaction rewrites links in the tree itself: the next run makes other ids.
    return request if request.raw is None else replace(request, resource=read(request.raw))


def _conflict(error: BaseException) -> FhirError:
    if isinstance(error, FhirError):
        return error
    return EditConflict("Other writers changed the same resources; try again.")
