"""Evidence for tests of levels of care: resources as they stand in the record, with versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.intake_api.domain.level_of_care.assessment import Assessment, assess
from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
from services.intake_api.domain.level_of_care.library import CRITERIA_SETS, DEFAULT
from services.intake_api.domain.level_of_care.valuation import CRITERION, Valued, valued
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake_api.domain.level_of_care.kleene import Truth

[REGULATION] = (each for each in CRITERIA_SETS if each.url.endswith("/cfr-410.44c"))
BASES = ("http://127.0.0.1:8000/fhir",)
NOW = Moment(datetime(2026, 3, 10, 12, tzinfo=UTC), UTC, BASES)
LOINC = "http://loinc.org"
HIGH, MODERATE, LOW = "LA9193-9", "LA6751-7", "LA9194-7"
IDS = [criterion.id for criterion in DEFAULT.criteria]
EXCLUSIONS = ["EXC-IMMINENT", "EXC-DETOX", "EXC-24H"]
_SUPPORTING = {"IND-DIRECT", "IND-OBLIGATIONS"}
NEEDS = [each for each in IDS if each.startswith("IND-") and each not in _SUPPORTING]
FOOTING = [each for each in IDS if each.startswith(("CAP-", "ENV-"))]
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

Resource = dict[str, Any]


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def evidence(resource_type: str, logical_id: str, /, **elements: object) -> Evidence:
    """Write evidence; an element that is None is left out, `class_` is `class`."""
    updated = elements.pop("updated", "2026-03-09T09:00:00.000Z")
    given = {name.rstrip("_"): value for name, value in elements.items() if value is not None}
    content = {"resourceType": resource_type, "id": logical_id, "meta": {"lastUpdated": updated}}
    return Evidence(f"{resource_type}/{logical_id}/_history/3", content | given)


def observation(logical_id: str, code: Resource, /, **elements: object) -> Evidence:
    stated = {"status": "final", "code": code, "effectiveDateTime": "2026-03-09T09:00:00Z"}
    return evidence("Observation", logical_id, **(stated | elements))


def judgement(criterion: str, *, value: bool | None, **elements: object) -> Evidence:
    """What a Practitioner says of a criterion; None is that it is not known."""
    absent = concept(f"{_TERMINOLOGY}/data-absent-reason", "unknown")
    told = {"valueBoolean": value} if value is not None else {"dataAbsentReason": absent}
    performer = [{"reference": "Practitioner/7"}]
    given = {**told, "performer": performer, **elements}
    return observation(f"judged-{criterion}", concept(CRITERION, criterion), **given)


def score(code: str, points: int, **elements: object) -> Evidence:
    given = {"valueInteger": points, **elements}
    return observation(f"score-{code}", concept(LOINC, code), **given)


def risk(answer: str, **elements: object) -> Evidence:
    system = LOINC if answer.startswith("LA") else code_system("suicide-risk")
    given = {"valueCodeableConcept": concept(system, answer), **elements}
    return observation("risk", concept(LOINC, "93374-7"), **given)


def flag(status: str = "active", category: str = "safety") -> Evidence:
    system = f"{_TERMINOLOGY}/flag-category"
    return evidence("Flag", "f1", status=status, category=[concept(system, category)])


def condition(system: str, code: str, clinical: str = "active", /, **elements: object) -> Evidence:
    status = concept(f"{_TERMINOLOGY}/condition-clinical", clinical)
    given = {"code": concept(system, code), "clinicalStatus": status, **elements}
    return evidence("Condition", "c1", **given)


def stay(end: str = "2026-03-01", status: str = "finished", code: str = "IMP") -> Evidence:
    act_code = {"system": f"{_TERMINOLOGY}/v3-ActCode", "code": code}
    period = {"start": "2015-01-01", "end": end}
    return evidence("Encounter", "stay", status=status, class_=act_code, period=period)


def referral(encounter: str = "Encounter/stay", **elements: object) -> Evidence:
    code = concept(code_system("programme"), "iop")
    named = {"reference": encounter}
    given = {"status": "active", "code": code, "encounter": named, **elements}
    return evidence("ServiceRequest", "r1", **given)


def episode(status: str = "active", *routes: str) -> Evidence:
    types = [concept(code_system("programme"), "iop")]
    types += [concept(code_system("route"), each) for each in routes]
    return evidence("EpisodeOfCare", "e1", status=status, type=types)


def value_of(criterion: str, *pool: Evidence) -> Valued:
    [meant] = (each for each in DEFAULT.criteria if each.id == criterion)
    return valued(meant, pool, NOW)


def assessed(*pool: Evidence) -> Assessment:
    return assess(DEFAULT, pool, NOW)


def everything_judged(**changes: bool | None) -> list[Evidence]:
    """Judgements of all criteria that recommend the programme, but for some changes."""
    values: dict[str, bool | None] = {
        each.id: each.kind != "exclusion" for each in DEFAULT.criteria
    }
    values |= {name.replace("_", "-"): value for name, value in changes.items()}
    return [judgement(name, value=value) for name, value in values.items()]


def by_the_book(values: Mapping[str, Truth]) -> str:
    """The rules as the reference tells them, for values known or not."""
    exclusions = [values[each] for each in EXCLUSIONS]
    needs = [values[each] for each in NEEDS]
    footing = [values[each] for each in FOOTING]
    if True in exclusions:
        return "higher"
    if None in exclusions:
        return "insufficient-information"
    if all(need is False for need in needs):
        return "lower"
    if True in needs and False in footing:
        return "recommend-iop-with-conditions"
    if True in needs and None not in footing:
        return "recommend-iop"
    return "insufficient-information"


def by_the_regulation(values: Mapping[str, Truth]) -> str:
    """The paragraphs of 42 CFR 410.44(c) as outcomes, for values known or not."""
    if values["EXC-24H"] is True or values["EXC-IMMINENT"] is True:
        return "higher"
    if values["EXC-24H"] is None or values["EXC-IMMINENT"] is None:
        return "insufficient-information"
    diagnoses = {values["IND-MH"], values["IND-SUD"]}
    if diagnoses == {False} or values["SCH-03"] is False or values["IND-STEPUP"] is False:
        return "lower"
    if True not in diagnoses or values["SCH-03"] is None or values["IND-STEPUP"] is None:
        return "insufficient-information"
    footing = {value for name, value in values.items() if name.startswith(("CAP-", "ENV-"))}
    if False in footing:
        return "recommend-iop-with-conditions"
    return "insufficient-information" if None in footing else "recommend-iop"


BOOKS = {DEFAULT.url: by_the_book, REGULATION.url: by_the_regulation}
