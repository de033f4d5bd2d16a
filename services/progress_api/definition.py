"""What progress_api is: the types it owns, what it reacts to, and what it promises."""

from __future__ import annotations

from typing import Final

from services.ownership import owner_of, types_of
from services.progress_api.code_systems import CODE_SYSTEMS
from services.progress_api.domain.figures.library import LIBRARY as FIGURES
from services.progress_api.extensions import EXTENSIONS
from services.progress_api.operations import extract, figures, handoff, lastn, populate, progress
from services.progress_api.profiles import PROFILES
from services.progress_api.questionnaires import QUESTIONNAIRES
from services.progress_api.reactions import (
    alert_grounds,
    attendance,
    early_warning,
    measure_answered,
    measure_changed,
    measure_reminded,
    measures_due,
    no_shows,
    packet_amended,
    packet_corrected,
    packet_parties,
    person_died,
    plan_disagrees,
    referral_exchange,
    response_completed,
    screen_grounds,
    suicide_risk_high,
    suicide_risk_lower,
    suicide_screen,
)
from shared.feed.reaction import Reactions
from shared.fhir.definitions import RESOURCE_TYPES
from shared.server.definition import ServiceDefinition

DEFINITION: Final = ServiceDefinition(
    name="progress",
    title="progress_api",
    types=types_of("progress", RESOURCE_TYPES),
    owner_of=owner_of,
    operations=(
        *extract.OPERATIONS,
        *populate.OPERATIONS,
        handoff.HANDOFF_OPERATION,
        figures.FIGURES_OPERATION,
        lastn.LASTN,
        progress.PROGRESS,
    ),
    reactions=Reactions(
        "progress",
        (
            suicide_risk_high.REACTION,
            suicide_risk_lower.REACTION,
            alert_grounds.REACTION,
            attendance.REACTION,
            measures_due.REACTION,
            measures_due.GROUND,
            measures_due.MERGED,
            measure_reminded.REACTION,
            *measure_answered.REACTIONS,
            response_completed.REACTION,
            suicide_screen.RESPONSES,
            suicide_screen.TASKS,
            screen_grounds.REACTION,
            measure_changed.REACTION,
            no_shows.REACTION,
            early_warning.REACTION,
            person_died.REACTION,
            plan_disagrees.REACTION,
            referral_exchange.REACTION,
            packet_amended.REACTION,
            packet_corrected.REACTION,
            packet_parties.REACTION,
        ),
        timers={
            **attendance.TIMERS,
            **measures_due.TIMERS,
            **measure_answered.TIMERS,
            **referral_exchange.TIMERS,
            **measure_reminded.TIMERS,
            **plan_disagrees.TIMERS,
            **packet_parties.TIMERS,
        },
    ),
    profiles=PROFILES,
    library=(*QUESTIONNAIRES, *EXTENSIONS, *CODE_SYSTEMS, *FIGURES),
)
