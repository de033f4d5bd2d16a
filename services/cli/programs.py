"""The ASGI programs that `stepdown serve` runs; each builds itself from its environment."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.cli.parent import end_with_parent
from services.front_door import InMemory, OverHttp, create_front_door
from services.intake_api import app as intake_app
from services.intake_api import definition as intake
from services.ownership import SERVICES, ServiceName
from services.plan_api import app as plan_app
from services.plan_api import definition as plan
from services.progress_api import app as progress_app
from services.progress_api import definition as progress
from shared.observability.logging import configure_logging
from shared.server.cross_origin import shared_with
from shared.server.cut_off import AnsweredWhenCutOff
from shared.server.operations.everywhere import with_engine_operations
from shared.server.settings import Addresses, Policies

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from shared.server.forwarding import Target

DEFINITIONS: Final = (intake.DEFINITION, plan.DEFINITION, progress.DEFINITION)


def all_in_one() -> ASGIApp:
    """Build the front door with all three services in memory."""
    begin("stepdown")
    services: dict[ServiceName, Target] = {
        "intake": InMemory(intake_app.create(DEFINITIONS)),
        "plan": InMemory(plan_app.create()),
        "progress": InMemory(progress_app.create()),
    }
    return _front_door(services)


def intake_alone() -> ASGIApp:
    """Build intake_api."""
    begin("intake")
    return _served(intake_app.create(DEFINITIONS))


def plan_alone() -> ASGIApp:
    """Build plan_api."""
    begin("plan")
    return _served(plan_app.create())


def progress_alone() -> ASGIApp:
    """Build progress_api."""
    begin("progress")
    return _served(progress_app.create())


def front_door_alone() -> ASGIApp:
    """Build the front door before three services that are reached by their URLs."""
    begin("front-door")
    urls = Addresses().service_urls
    services: dict[ServiceName, Target] = {name: OverHttp(urls[name]) for name in SERVICES}
    return _front_door(services)


def _front_door(services: dict[ServiceName, Target]) -> ASGIApp:
    told = Addresses()
    definitions = [replace(each, policy=Policies().policy) for each in DEFINITIONS]
    served = [with_engine_operations(each, is_open=told.open) for each in definitions]
    return _served(create_front_door(services, served, base=told.base))


def _served(app: ASGIApp) -> ASGIApp:
    return AnsweredWhenCutOff(shared_with(Addresses().cors_origins, app))


def begin(program: str) -> None:
    """Prepare this process: its log, and its end with the process that started it as a worker."""
    configure_logging(os.environ.get("STEPDOWN_LOG_LEVEL", "info"), program)
    if multiprocessing.parent_process() is not None:
        end_with_parent()
