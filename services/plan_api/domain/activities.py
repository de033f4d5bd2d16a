"""The actions of a PlanDefinition, as one person's orders, and as work between sessions.

https://hl7.org/fhir/R4/plandefinition.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import homework, needs, preferred_language
from services.plan_api.domain.action_times import Times, times
from services.plan_api.domain.order import Asked, by_telehealth, nobody_named, service_request
from services.plan_api.domain.service import service_of
from services.plan_api.domain.unmet import Unmet
from services.plan_api.templates.catalogue import SKILLS, TOPICS
from shared.fhir.errors import RuleViolation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from services.plan_api.domain.application import Application
    from services.plan_api.domain.needs import Known
    from shared.fhir.reader import JsonObject

# What is wished for an activity is said of one that is there.
_ABOUT: Final = {"topic": "psychoeducation", "individual-therapy-as-needed": "individual-therapy"}
_OFFERED: Final[Mapping[str, Mapping[str, JsonObject]]] = {"skill": SKILLS, "topic": TOPICS}


@dataclass(frozen=True, slots=True)
class Template:
    """A PlanDefinition of the record, as a versioned reference too, with what it names.

    `offers` are actions that may be asked for and that it does not have.
    """

    definition: JsonObject
    versioned: str
    activities: Mapping[str, JsonObject]
    offers: Sequence[JsonObject] = ()

    @property
    def actions(self) -> list[tuple[str, JsonObject]]:
        """Its actions and the offers, each by its key."""
        return [*_actions(self.definition), *_actions({"action": self.offers})]


@dataclass(frozen=True, slots=True)
class Ordered:
    """Draft orders and Tasks, and what could not be given."""

    requests: list[JsonObject] = field(default_factory=list)
    tasks: list[JsonObject] = field(default_factory=list)
    unmet: list[Unmet] = field(default_factory=list)


def definitions_wanted(definition: JsonObject) -> list[str]:
    """List the canonical addresses that the actions of a PlanDefinition name."""
    named = (each.get("definitionCanonical") for _, each in _actions(definition))
    return list(dict.fromkeys(each for each in named if each))


def ordered(template: Template, application: Application, known: Known) -> Ordered:
    """Write a draft order for each action that is to be done, as far as it can be.

    :raises RuleViolation: when an action names a definition that is not there.
    """
    found = Ordered()
    language = preferred_language.needed(template.definition, application.preferences, known)
    wanted = {*application.preferences.many("service"), *language.services}
    chosen = [pair for pair in template.actions if _is_done(pair[1], wanted)]
    actions = [action for _, action in chosen]
    when = times(actions, application.preferences)
    found.unmet.extend([*language.unmet, *when.unmet, *_nothing_to_say_it_of(actions, application)])
    found.unmet.extend(_not_offered(application))
    for key, action in chosen:
        activity = _definition_of(action, template.activities)
        asked = Asked(key, action, activity, template.definition)
        _order(asked, when, application, known, found)
    return found


def _order(
    asked: Asked, when: Times, application: Application, known: Known, found: Ordered
) -> None:
    lacking = needs.unmet(asked.action, known, application.start)
    if not lacking and homework.is_homework(asked.activity):
        found.tasks.append(homework.task(asked, application))
        return
    fitted = when.of(asked.action)
    found.unmet.extend([*lacking, *fitted.unmet])
    if lacking or fitted.action is None:
        return
    timed = asked.with_action(fitted.action)
    found.unmet.extend([*by_telehealth(timed, application), *nobody_named(timed, application)])
    found.requests.append(service_request(timed, application, known))


def _actions(element: JsonObject, prefix: str = "") -> Iterator[tuple[str, JsonObject]]:
    for i, action in enumerate(element.get("action", ())):
        key = f"{prefix}{action.get('id', i)}"
        if "action" in action:
            yield from _actions(action, f"{key}/")
        else:
            yield key, action


def _is_done(action: JsonObject, wanted: set[str]) -> bool:
    return action.get("requiredBehavior") != "could" or service_of(action) in wanted


def _nothing_to_say_it_of(
    actions: Sequence[JsonObject], application: Application
) -> Iterator[Unmet]:
    present = {service_of(each) for each in actions}
    for name, service in _ABOUT.items():
        if application.preferences.one(name) and service not in present:
            yield Unmet(name, "not-in-template", f"The template has no {service}.")


def _not_offered(application: Application) -> Iterator[Unmet]:
    """Tell of what was kept as a preference and is not there to choose."""
    for name, offered in _OFFERED.items():
        for each in application.preferences.many(name):
            if each not in offered:
                yield Unmet(name, "not-in-template", f"There is no {name} {each} to choose.")


def _definition_of(action: JsonObject, activities: Mapping[str, JsonObject]) -> JsonObject:
    canonical = action.get("definitionCanonical")
    if canonical is None:
        return {}
    if canonical not in activities:
        raise RuleViolation(
            f"The PlanDefinition names {canonical}, which is no ActivityDefinition here.",
            expression="PlanDefinition.action.definitionCanonical",
        )
    return activities[canonical]
