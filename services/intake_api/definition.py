"""What intake_api is: the types it owns, what it reacts to, and what it promises.

It keeps the door: whole Bundles that cross owners enter here.
"""

from __future__ import annotations

from typing import Final

from services.intake_api.code_systems import CODE_SYSTEMS
from services.intake_api.domain.level_of_care.library import LIBRARY
from services.intake_api.extensions import EXTENSIONS
from services.intake_api.operations.admit import ADMIT
from services.intake_api.operations.decline import DECLINE
from services.intake_api.operations.everything import EVERYTHING
from services.intake_api.operations.level_of_care import LEVEL_OF_CARE
from services.intake_api.operations.match import MATCH
from services.intake_api.operations.process_message import PROCESS_MESSAGE
from services.intake_api.operations.transition import TRANSITION
from services.intake_api.operations.waitlist import WAITLIST
from services.intake_api.profiles import PROFILES
from services.intake_api.reactions import (
    admission_asked,
    authorisation_followed,
    clock,
    course_changed,
    death_undone,
    decision_grounds,
    decline_grounds,
    document_received,
    episode_declined,
    handoff_completed,
    identity_reviewed,
    left_standing,
    person_died,
    referral_grounds,
    referral_requested,
    referral_step,
    self_referred,
    stay_told,
    waitlist_followed,
)
from services.ownership import owner_of, types_of
from shared.feed.reaction import Reactions
from shared.fhir.definitions import RESOURCE_TYPES
from shared.server.definition import ServiceDefinition

DEFINITION: Final = ServiceDefinition(
    name="intake",
    title="intake_api",
    types=types_of("intake", RESOURCE_TYPES),
    owner_of=owner_of,
    keeps_door=True,
    reactions=Reactions(
        "intake",
        (
            referral_requested.REACTION,
            document_received.REACTION,
            course_changed.REACTION,
            decision_grounds.REACTION,
            decline_grounds.REACTION,
            referral_grounds.REACTION,
            left_standing.REACTION,
            clock.REACTION,
            stay_told.REACTION,
            person_died.REACTION,
            death_undone.REACTION,
            handoff_completed.REACTION,
            identity_reviewed.REACTION,
            referral_step.REACTION,
            waitlist_followed.REACTION,
            admission_asked.REACTION,
            authorisation_followed.REACTION,
            episode_declined.REACTION,
            *self_referred.REACTIONS,
        ),
        timers={
            **clock.TIMERS,
            **referral_step.TIMERS,
            **admission_asked.TIMERS,
            **authorisation_followed.TIMERS,
        },
    ),
    operations=(
        PROCESS_MESSAGE,
        EVERYTHING,
        MATCH,
        LEVEL_OF_CARE,
        ADMIT,
        DECLINE,
        WAITLIST,
        TRANSITION,
    ),
    profiles=PROFILES,
    library=(*LIBRARY, *EXTENSIONS, *CODE_SYSTEMS),
)
