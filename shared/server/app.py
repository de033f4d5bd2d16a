"""Builds one service's program: FastAPI beside the engine, and the feed's runner with them."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI

from shared.feed.reindexing import Reindexing
from shared.feed.runner import FeedRunner
from shared.fhir.search.reading import Reading
from shared.server.documentation import documentation_routes
from shared.server.engine import Engine
from shared.server.health import DatabaseState, Readiness, ServiceCheck, health_router
from shared.server.http import Addresses, FhirEndpoint
from shared.server.library import publish
from shared.server.metrics import Metrics, metrics_route
from shared.server.openapi import openapi
from shared.server.operations.everywhere import with_engine_operations
from shared.server.program import Program, packed
from shared.server.siblings import Siblings
from shared.store.migrate import Ownership, head, prepare
from shared.store.pool import PoolLimits
from shared.store.store import Store
from shared.store.waiting import until_done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from shared.server.definition import ServiceDefinition
    from shared.server.settings import Settings

# A worker may be started again while the database is, too; one that gives up ends them all.
_PATIENCE_SECONDS: Final = 60.0


def create_app(
    definition: ServiceDefinition,
    settings: Settings,
    ownership: Ownership,
    *,
    together: Sequence[ServiceDefinition] = (),
) -> Program:
    """Build a service's program; it migrates and opens the record when it starts.

    `together` are the definitions of all services, for one that tells what all of them serve.
    """
    definition, *all_of_them = (_told(each, settings) for each in (definition, *together))
    store = _store(definition, settings)
    siblings = Siblings(settings.service_urls)
    runner = FeedRunner(store, definition.reactions, targets=settings.targets)
    reindexing = Reindexing(store, definition.types)
    readiness = Readiness(_check(store, settings))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        url = settings.database_url.get_secret_value()
        await until_done(lambda: prepare(url, ownership), _PATIENCE_SECONDS)
        await until_done(store.open, _PATIENCE_SECONDS)
        reindexing.start()
        await until_done(lambda: publish(store, definition), _PATIENCE_SECONDS)
        await until_done(runner.start, _PATIENCE_SECONDS)
        yield
        readiness.draining = True
        await asyncio.gather(runner.stop(), reindexing.stop())
        await siblings.close()
        await store.close()

    metrics = Metrics(definition.name, os.getpid(), _gauges(store, runner))
    endpoint = FhirEndpoint(
        Engine(definition, store, version("stepdown"), siblings, tuple(all_of_them)),
        Addresses(settings.base, settings.bases, settings.zone),
        metrics,
    )
    pages = FastAPI(title=definition.title, docs_url=None, redoc_url=None, lifespan=lifespan)
    pages.include_router(health_router(readiness))
    pages.router.routes += [metrics_route(metrics), *documentation_routes(definition.title)]
    document = openapi(definition, version=version("stepdown"))
    pages.openapi = lambda: document  # type: ignore[method-assign]
    return Program(packed(pages), packed(endpoint))


def _told(definition: ServiceDefinition, settings: Settings) -> ServiceDefinition:
    definition = replace(definition, policy=settings.policy)
    return with_engine_operations(definition, is_open=settings.open)


def _store(definition: ServiceDefinition, settings: Settings) -> Store:
    store = Store(
        settings.database_url.get_secret_value(),
        definition.name,
        settings.tenant,
        texts=Reading(settings.zone, settings.bases),
        keeps_door=definition.keeps_door,
        limits=PoolLimits(size=settings.pool_size),
    )
    store.policy = settings.policy
    return store


def _check(store: Store, settings: Settings) -> ServiceCheck:
    async def ask() -> DatabaseState:
        return DatabaseState(*await store.state())

    return ServiceCheck(ask, head(), settings.data_dir)


def _gauges(store: Store, runner: FeedRunner) -> dict[str, Callable[[], float]]:
    state = runner.state
    return {
        "stepdown_pool_connections_in_use": lambda: store.pool.in_use,
        "stepdown_feed_lag_events": lambda: state.lag_events,
        "stepdown_feed_parked_streams": lambda: state.parked_streams,
        "stepdown_outbound_waiting": lambda: state.outbound_waiting,
    }
