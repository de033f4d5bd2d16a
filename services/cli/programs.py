"""The ASGI programs that `stepdown serve` runs; each builds itself from its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.front_door import InMemory, OverHttp, create_front_door
from services.intake_api import app as intake_app
from services.intake_api import definition as intake
from services.plan_api import app as plan_app
from services.plan_api import definition as plan
from services.progress_api import app as progress_app
from services.progress_api import definition as progress
from services.ownership import SERVICES, ServiceName
from shared.server.settings import Addresses

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from shared.server.forwarding import Target

DEFINITIONS: Final = (intake.DEFINITION, plan.DEFINITION, progress.DEFINITION)

# Name of a program -> the factory that uvicorn imports.
FACTORIES: Final = {
    "all": "services.cli.programs:all_in_one",
    "intake": "services.intake_api.app:create",
    "plan": "services.plan_api.app:create",
    "progress": "services.progress_api.app:create",
    "front-door": "services.cli.programs:front_door_alone",
}


def all_in_one() -> ASGIApp:
    """Build the front door with all three services in memory."""
    services: dict[ServiceName, Target] = {
        "intake": InMemory(intake_app.create()),
        "plan": InMemory(plan_app.create()),
        "progress": InMemory(progress_app.create()),
    }
    return create_front_door(services, DEFINITIONS, base=Addresses().base)


def front_door_alone() -> ASGIApp:
    """Build the front door before three services that are reached by their URLs."""
    addresses = Addresses()
    urls = addresses.service_urls
    services: dict[ServiceName, Target] = {name: OverHttp(urls[name]) for name in SERVICES}
    return create_front_door(services, DEFINITIONS, base=addresses.base)
