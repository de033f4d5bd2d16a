"""Builds one service's program: FastAPI around the engine, with the feed's runner beside it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route

from shared.feed.runner import FeedRunner
from shared.server.documentation import document
from shared.server.engine import Engine
from shared.server.health import Readiness, health_routes
from shared.server.http import Addresses, FhirEndpoint
from shared.server.metrics import Metrics
from shared.store.migrate import Ownership, prepare
from shared.store.pool import PoolLimits
from shared.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.server.definition import ServiceDefinition
    from shared.server.settings import Settings


def create_app(
    definition: ServiceDefinition, settings: Settings, ownership: Ownership
) -> FastAPI:
    """Build a service's program; it migrates and opens the record when it starts."""
    url = settings.database_url.get_secret_value()
    store = Store(
        url,
        definition.name,
        settings.tenant,
        bases=settings.bases,
        keeps_door=definition.keeps_door,
        limits=PoolLimits(size=settings.pool_size),
    )
    runner = FeedRunner(store, definition.reactions, sibling_urls=settings.service_urls)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await prepare(url, ownership)
        await store.open()
        await runner.start()
        yield
        await runner.stop()
        await store.close()

    app = FastAPI(title=definition.title, docs_url=None, redoc_url=None, lifespan=lifespan)
    _mount(app, definition, settings, Engine(definition, store, version("stepdown")))
    return app
