"""The ASGI programs that `stepdown serve` runs, by name; each builds itself from its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services import front_door
from services.front_door import InMemory, OverHttp
from services.intake_api import app as intake_app
from services.intake_api import definition as intake
from services.plan_api import app as plan_app
from services.plan_api import definition as plan
from services.progress_api import app as progress_app
from services.progress_api import definition as progress
from shared.server.settings import FrontDoorSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

DEFINITIONS: Final = (intake.DEFINITION, plan.DEFINITION, progress.DEFINITION)

# Name of a program -> the factory that uvicorn imports.
FACTORIES: Final = {
    "all": "services.cli.programs:all_in_one",
    "intake": "services.intake_api.app:create",
    "plan": "services.plan_api.app:create",
    "progress": "services.progress_api.app:create",
    "front-door": "services.cli.programs:front_door_alone",
}
