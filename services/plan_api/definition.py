"""What plan_api is: the types it owns, what it reacts to, and what it promises."""

from __future__ import annotations

from typing import Final

from services.ownership import owner_of, types_of
from services.plan_api.extensions import EXTENSIONS
from services.plan_api.operations.apply import APPLY, APPLY_BY_CANONICAL
from services.plan_api.operations.hours import HOURS
from services.plan_api.operations.propose_revision import PROPOSE
from services.plan_api.operations.revision import ACCEPT, REJECT
from services.plan_api.profiles import PROFILES
from services.plan_api.reactions import (
    aftercare_followed,
    cohort_followed,
    goal_measured,
    homework_followed,
    inpatient_encounter_finished,
    own_plan_told,
    periodic_review,
    person_died,
    person_merged,
    place_given,
    plan_followed,
    programme_begun,
    programme_ended,
    proposal_grounds,
    reliable_worsening,
    signatures_asked,
    slot_filled,
)
from services.plan_api.templates import LIBRARY
from shared.feed.reaction import Reactions
from shared.fhir.definitions import RESOURCE_TYPES
from shared.server.definition import ServiceDefinition

DEFINITION: Final = ServiceDefinition(
    name="plan",
    title="plan_api",
    types=types_of("plan", RESOURCE_TYPES),
    owner_of=owner_of,
    operations=(APPLY, APPLY_BY_CANONICAL, HOURS, PROPOSE, ACCEPT, REJECT),
    reactions=Reactions(
        "plan",
        (
            aftercare_followed.REACTION,
            cohort_followed.REACTION,
            goal_measured.REACTION,
            homework_followed.REACTION,
            inpatient_encounter_finished.REACTION,
            person_died.REACTION,
            person_merged.REACTION,
            own_plan_told.REACTION,
            periodic_review.REACTION,
            place_given.REACTION,
            plan_followed.REACTION,
            programme_begun.REACTION,
            programme_ended.REACTION,
            proposal_grounds.REACTION,
            reliable_worsening.REACTION,
            signatures_asked.REACTION,
            slot_filled.REACTION,
        ),
        timers={**aftercare_followed.TIMERS},
    ),
    profiles=PROFILES,
    library=(*LIBRARY, *EXTENSIONS),
)
