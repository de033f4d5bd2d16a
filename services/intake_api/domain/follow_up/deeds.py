"""What satisfies a clock and is no visit: a summary, reconciled medications, a stay as told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.follow_up.visits import Visit
from services.intake_api.domain.follow_up.windows import TOLD
from shared.fhir.dates import local_day
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.intake_api.domain.follow_up.trigger import Trigger
    from services.intake_api.domain.follow_up.visits import Calendar
    from shared.fhir.reader import JsonObject

_ASKED: Final = [(kind, each) for kind, all_ in TOLD["evidence"].items() for each in all_]
TYPES: Final = frozenset(each["resourceType"] for _, each in _ASKED)
# Other types than Encounter, with the search by which all of them are found.
SEARCHES: Final = {
    name: ",".join(sorted({each["code"] for _, each in _ASKED if each["resourceType"] == name}))
    for name in sorted(TYPES - {"Encounter"})
}


def kinds_of(resource: JsonObject) -> frozenset[str]:
    """Tell which clocks a resource may satisfy."""
    codings = {f"{each.get('system')}|{each.get('code')}" for each in _codings(resource)}
    return frozenset(
        kind
        for kind, asked in _ASKED
        if resource["resourceType"] == asked["resourceType"]
        and resource.get("status") in asked["statuses"]
        and asked["code"] in codings
    )


def deeds_of(resources: Iterable[JsonObject], calendar: Calendar) -> list[Visit | None]:
    """Read what was done, with its local day; None where it does not say when."""
    return [_deed(each, kinds, calendar) for each in resources if (kinds := kinds_of(each))]


def told(
    triggers: Iterable[Trigger], first_told: Mapping[str, str], calendar: Calendar
) -> list[Visit]:
    """Give the stays that were told, each for its own clocks: a stay is also treatment."""
    found = []
    for each in triggers:
        if each.kind != "stay":
            continue
        if each.last is not None:
            treated = frozenset({"treatment"})
            found.append(Visit(each.reference, each.last, frozenset(), treated, each.reference))
        if each.reference in first_told:
            day = local_day(first_told[each.reference], calendar.zone)
            kinds = frozenset({"admission-told"})
            found.append(Visit(each.reference, day, frozenset(), kinds, each.reference))
    return found


def _deed(resource: JsonObject, kinds: frozenset[str], calendar: Calendar) -> Visit | None:
    when = _when(resource)
    if when is None:
        return None
    said = [resource.get("encounter", {}), *resource.get("context", {}).get("encounter", ())]
    texts = [each["reference"] for each in said if each.get("reference")]
    link = parse_reference(texts[0] if texts else "", calendar.bases)
    named = f"Encounter/{link.id}" if link.kind == "local" and link.type == "Encounter" else None
    reference = f"{resource['resourceType']}/{resource['id']}"
    return Visit(reference, local_day(when, calendar.zone), frozenset(), kinds, named)


def _when(resource: JsonObject) -> str | None:
    done = resource.get("performedPeriod", {}) | resource.get("period", {})
    when: str | None = (
        resource.get("date") or resource.get("performedDateTime") or done.get("start")
    )
    return when


def _codings(resource: JsonObject) -> list[JsonObject]:
    told = resource.get("type" if resource["resourceType"] != "Procedure" else "code", ())
    concepts = told if isinstance(told, list | tuple) else [told]
    return [coding for each in concepts for coding in each.get("coding", ())]
