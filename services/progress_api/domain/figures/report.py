"""Figures as MeasureReports, in which each number leads to the resources that it counts.

A population's `subjectResults` is a List contained in the report, whose items are those resources.
https://hl7.org/fhir/R4/measurereport.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiter import LosslessFloat

from services.progress_api.domain.figures.outcomes import outcome
from services.progress_api.domain.figures.people import census
from services.progress_api.domain.figures.policy import canonical
from services.progress_api.domain.figures.sessions import attendance, hours
from services.progress_api.domain.figures.ways import first_visit, follow_up, handoffs, referrals
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.progress_api.domain.figures.evidence import Evidence
    from services.progress_api.domain.figures.figure import Figure, Group, Population
    from services.progress_api.domain.figures.period import Days
    from shared.fhir.reader import JsonObject

_POPULATION: Final = "http://terminology.hl7.org/CodeSystem/measure-population"
_FIGURE: Final = code_system("figure")
_UCUM: Final = "http://unitsofmeasure.org"
FIGURES: Final[Mapping[str, Callable[[Evidence, Days], Figure]]] = {
    "census": census,
    "referrals": referrals,
    "first-visit": first_visit,
    "follow-up": follow_up,
    "attendance": attendance,
    "hours": hours,
    "outcome": outcome,
    "handoffs": handoffs,
}


def bundle(reports: Sequence[JsonObject]) -> JsonObject:
    """Put reports together."""
    entries = [{"resource": each} for each in reports]
    told: JsonObject = {"resourceType": "Bundle", "type": "collection"}
    return told | ({"entry": entries} if entries else {})


def report(figure: Figure, days: Days, reporter: str, now: str) -> JsonObject:
    """Write a figure as a MeasureReport."""
    lists: list[JsonObject] = []
    groups = [_group(each, lists) for each in figure.groups]
    told: JsonObject = {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "subject-list",
        "measure": canonical(figure.code),
        "date": now,
        "reporter": {"reference": reporter},
        "period": {"start": days.first.isoformat(), "end": days.last.isoformat()},
        "group": groups,
    }
    return told | ({"contained": lists} if lists else {})


def _group(group: Group, lists: list[JsonObject]) -> JsonObject:
    told: JsonObject = {
        "code": {"coding": [{"system": _FIGURE, "code": group.code}], "text": group.text},
        "population": [_population(each, lists) for each in group.populations],
    }
    if group.score is not None:
        told["measureScore"] = _score(group)
    strata = [_stratifier(name, group, lists) for name, parts in group.strata.items() if parts]
    return told | ({"stratifier": strata} if strata else {})


def _score(group: Group) -> JsonObject:
    value = {"value": LosslessFloat(str(group.score).encode())}
    return value | ({"system": _UCUM, "code": group.unit, "unit": group.unit} if group.unit else {})


def _population(population: Population, lists: list[JsonObject]) -> JsonObject:
    return {
        "code": {"coding": [{"system": _POPULATION, "code": population.role}]},
        **_members(population.members, lists),
    }


def _stratifier(name: str, group: Group, lists: list[JsonObject]) -> JsonObject:
    role = group.populations[0].role
    return {
        "code": [{"text": name}],
        "stratum": [
            {
                "value": {"text": value},
                "population": [
                    {
                        "code": {"coding": [{"system": _POPULATION, "code": role}]},
                        **_members(members, lists),
                    }
                ],
            }
            for value, members in group.strata[name].items()
        ],
    }


def _members(members: Sequence[str], lists: list[JsonObject]) -> JsonObject:
    """Tell how many they are, and contain the List of them, where there are any."""
    if not members:
        return {"count": 0}
    list_id = f"list-{len(lists) + 1}"
    lists.append(
        {
            "resourceType": "List",
            "id": list_id,
            "status": "current",
            "mode": "snapshot",
            "entry": [{"item": {"reference": each}} for each in members],
        }
    )
    return {"count": len(members), "subjectResults": {"reference": f"#{list_id}"}}
