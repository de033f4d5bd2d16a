"""Finds the template that an operation is asked for, with the activities that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.plan_api.domain.activities import Template, definitions_wanted
from services.plan_api.domain.preferred_language import INTERPRETING
from services.plan_api.domain.service import service_of
from services.plan_api.templates import OFFERS
from shared.fhir.errors import Malformed, NotFound
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.finding import Found
    from shared.store.reading import Reading


async def template_asked(reading: Reading, call: Call) -> Template:
    """Read the PlanDefinition of the address or of the parameter, and its activities.

    :raises Malformed: when it is named twice, or not at all.
    :raises NotFound: when there is none.
    """
    definition = await _definition(reading, call)
    offers = _offers(definition.content, call)
    wanted = definitions_wanted(definition.content) + definitions_wanted({"action": offers})
    named = {
        canonical: await _by_canonical(reading, "ActivityDefinition", canonical)
        for canonical in wanted
    }
    activities = {canonical: each.content for canonical, each in named.items() if each is not None}
    return Template(definition.content, definition.versioned, activities, offers)


def newest(found: Sequence[Found]) -> Found:
    """Choose what was written last."""
    return max(found, key=lambda each: each.version.updated)


def _offers(definition: JsonObject, call: Call) -> list[JsonObject]:
    """List what may be asked for beside what a template says."""
    present = {service_of(each) for each in definition.get("action", ())}
    named = dict.fromkeys((*call.inputs.many("service"), INTERPRETING))
    return [OFFERS[each] for each in named if each in OFFERS and each not in present]


async def _definition(reading: Reading, call: Call) -> Found:
    canonical, logical_id = call.inputs.one("planDefinition"), call.request.id
    if (canonical is None) == (logical_id is None):
        raise Malformed(
            "The template is named by the address, PlanDefinition/[id]/$apply, or by the parameter "
            "planDefinition (canonical) of PlanDefinition/$apply.",
            expression="Parameters.parameter",
        )
    if canonical is not None:
        found = await _by_canonical(reading, "PlanDefinition", canonical)
    else:
        found = await fetch(reading, Key("PlanDefinition", str(logical_id)))
    if found is None:
        raise NotFound(f"There is no PlanDefinition {canonical or logical_id} here.")
    return found


async def _by_canonical(reading: Reading, resource_type: str, canonical: str) -> Found | None:
    url, _, version = canonical.partition("|")
    asked = [("url", url), *([("version", version)] if version else [])]
    found = await find(reading, resource_type, *asked)
    return newest(found) if found else None
