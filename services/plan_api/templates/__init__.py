"""The programme's templates, published in the record: PlanDefinitions and what they are made of."""

from __future__ import annotations

from typing import Final

from services.plan_api.templates import catalogue
from services.plan_api.templates.data import file
from services.plan_api.templates.own_plans import own_plan_definition
from services.plan_api.templates.plan import offer, plan_definition
from services.plan_api.templates.services import (
    SERVICES,
    activity_definition,
    code_system_of_services,
)
from shared.care.own_plans import KINDS

_NAMES: Final = (
    "iop-adult-mental-health",
    "iop-substance-use",
    "iop-dual-diagnosis",
    "iop-adolescent",
)

# The first template, which clients know; `iop-adult-mental-health` has more, and keeps preferences.
ADULT: Final = file("iop-adult.json")
TEMPLATES: Final = tuple(map(plan_definition, _NAMES))
ACTIVITIES: Final = tuple(map(activity_definition, SERVICES.values()))
OWN_PLANS: Final = tuple(map(own_plan_definition, KINDS))
# A service may be asked for where the template says nothing of it.
OFFERS: Final = {name: offer(each) for name, each in SERVICES.items()}
LIBRARY: Final = (
    ADULT,
    *TEMPLATES,
    *OWN_PLANS,
    *ACTIVITIES,
    code_system_of_services(),
    *catalogue.published(),
    *catalogue.codes(),
)
