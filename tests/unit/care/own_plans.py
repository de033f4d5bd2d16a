"""Plans of a person's own that are whole: each part in a few words."""

from __future__ import annotations

from typing import Any

from shared.care.own_plans import CATEGORY, KINDS, PART

Resource = dict[str, Any]
TRIGGERS = ("Condition/pain", "Observation/evenings")


def part(code: str, words: str, **more: object) -> Resource:
    detail = {"code": {"coding": [{"system": PART, "code": code}]}, "status": "not-started"}
    return {"detail": detail | {"description": words} | more}


def action(trigger: str, **more: object) -> Resource:
    about = [{"reference": trigger, "display": trigger}]
    own = {"reasonReference": about, "performer": [{"display": "I myself"}]} | more
    return part("coping-action", "I call Mia and walk for 20 minutes", **own)


def _plan(kind: str, activity: list[Resource]) -> Resource:
    coding = {"system": CATEGORY, "code": kind}
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "category": [{"coding": [coding]}],
        "subject": {"reference": "Patient/p"},
        "activity": activity,
    }


def relapse_plan(review: str = "2026-05-01") -> Resource:
    words = {"review": "We look at it together"}
    codes = [each for each in KINDS["relapse-prevention"]["parts"] if each != "coping-action"]
    told = [
        part(each, words.get(each, f"My own words of {each} & more"))
        for each in codes
        if each != "review"
    ]
    reviewed = part("review", words["review"], scheduledPeriod={"end": review})
    plan = _plan("relapse-prevention", [*told, *map(action, TRIGGERS), reviewed])
    return plan | {
        "addresses": [{"reference": TRIGGERS[0]}],
        "supportingInfo": [{"reference": TRIGGERS[1]}],
    }


def safety_plan() -> Resource:
    codes = KINDS["safety-plan"]["parts"]
    plan = _plan("safety-plan", [part(each, f"My own words of {each}") for each in codes])
    crisis = {"system": "http://snomed.info/sct", "code": "401277000"}
    return plan | {"category": [*plan["category"], {"coding": [crisis]}]}


def without(plan: Resource, code: str, **instead: object) -> Resource:
    """Leave out a part, or say it otherwise."""
    kept = []
    for each in plan["activity"]:
        if each["detail"]["code"]["coding"][0]["code"] != code:
            kept.append(each)
        elif instead:
            kept.append({"detail": each["detail"] | instead})
    return plan | {"activity": kept}
