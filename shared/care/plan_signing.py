"""Who signs a plan before it comes into force, what a signature stands for, and the laws of it.

A member signs by completing their Task `task|sign-off`. It names what is signed by its digest, so
that a plan or an order that is changed afterwards has not been signed by anybody.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy
from shared.care.canonical import code_system
from shared.care.law import CareChange, Found, Law, Need
from shared.care.programme_plan import activity_ids, goes_on_again, ids_of, is_ours
from shared.fhir.errors import Issue
from shared.fhir.reader import read
from shared.fhir.references import parse_reference
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject

_DATA: Final = read(files("shared.care").joinpath("sign_off_policy.json").read_bytes())
POLICY: Final = Policy(_DATA["name"], _DATA["version"], _DATA["title"])
SIGN_OFF: Final = {"system": code_system("task"), "code": "sign-off"}
SIGNED: Final = {"system": code_system("task"), "code": "signed-content"}
# Once it has come into force, a plan is revised; it is signed again where it starts anew.
_IN_FORCE: Final = frozenset({"active", "on-hold"})
_OF_A_PLAN: Final = (
    *("subject", "intent", "title", "description", "period", "careTeam", "addresses", "goal"),
    *("activity", "replaces", "extension", "instantiatesCanonical"),
)
_OF_AN_ORDER: Final = (
    *("id", "code", "occurrenceTiming", "asNeededBoolean", "instantiatesCanonical"),
    *("performer", "performerType", "orderDetail", "reasonReference"),
)


def digest(plan: JsonObject, orders: Iterable[JsonObject]) -> str:
    """Sum up what is signed: the plan and its orders, apart from how far they have come."""
    told = sorted((_only(_OF_AN_ORDER, each) for each in orders), key=lambda each: str(each["id"]))
    return hashlib.sha256(canonical([_only(_OF_A_PLAN, plan), told])).hexdigest()


def signers(teams: Iterable[JsonObject], bases: tuple[str, ...]) -> list[str]:
    """Name those of the teams who must sign, each once."""
    members = (
        each["member"]
        for team in teams
        for each in team.get("participant", ())
        if "member" in each and not is_excused(each)
    )
    return [f"Practitioner/{each}" for each in ids_of(members, "Practitioner", bases)]


def is_excused(participant: JsonObject) -> bool:
    """Tell whether somebody is of a team in no other role than those that sign nothing."""
    roles = {each.get("text") for each in participant.get("role", ())}
    return bool(roles) and roles <= set(_DATA["excused_roles"])


def is_sign_off(task: JsonObject) -> bool:
    """Tell whether a Task asks for a signature."""
    codings = task.get("code", {}).get("coding", ())
    return any(SIGN_OFF.items() <= each.items() for each in codings)


def signed_content(task: JsonObject) -> str | None:
    """Give the digest of what a Task asks to sign."""
    said = (
        each.get("valueString")
        for each in task.get("input", ())
        if any(SIGNED.items() <= c.items() for c in each.get("type", {}).get("coding", ()))
    )
    return next(said, None)


def comes_to_be_followed(change: CareChange) -> bool:
    """Tell whether a write makes a plan of ours one that is followed, or may be without more."""
    if goes_on_again(change):
        return False
    return _is_followed(change.after) and not _is_followed(change.before or {})


def the_team_has_signed(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse a plan that its team has not signed as it stands."""
    if not comes_to_be_followed(change):
        return
    teams = [each for some in found for each in some if each["resourceType"] == "CareTeam"]
    orders = [each for some in found for each in some if each["resourceType"] == "ServiceRequest"]
    tasks = [each for some in found for each in some if each["resourceType"] == "Task"]
    asked = signers(teams, change.bases)
    if not asked:
        told = "A plan is signed by its team: name a CareTeam with a Practitioner in careTeam."
        yield Issue("error", "business-rule", told, "CarePlan.careTeam")
    content = digest(change.after, orders)
    signed = {_owner(each, change.bases) for each in tasks if signed_content(each) == content}
    missing = [each for each in asked if each not in signed]
    if missing:
        yield Issue(
            "error",
            "business-rule",
            f"The plan as it stands is not signed by {', '.join(missing)}; each completes their "
            "own Task task|sign-off of it.",
            "CarePlan.status",
        )


def a_signature_is_the_member_s_own(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse a signature by anybody but the one who is asked for it."""
    if not is_sign_off(change.after) or change.after.get("status") != "completed":
        return
    if change.before is not None and _signature(change.before) == _signature(change.after):
        return
    owner = _owner(change.after, change.bases)
    if owner is None or change.caller != owner:
        told = "A sign-off is completed by its owner, a Practitioner named in X-Stepdown-Actor."
        yield Issue("error", "forbidden", told, "Task.status")


def _needs(change: CareChange) -> tuple[Need, ...]:
    if not comes_to_be_followed(change):
        return ()
    plan = change.after
    teams = ids_of(plan.get("careTeam", ()), "CareTeam", change.bases)
    named = (("CareTeam", teams), ("ServiceRequest", activity_ids(plan, change.bases)))
    about = ("focus", f"CarePlan/{plan.get('id')}"), ("status", "completed")
    signatures = Need("Task", (*about, ("code", f"{SIGN_OFF['system']}|{SIGN_OFF['code']}")))
    return (*(Need(name, (("_id", ",".join(ids)),)) for name, ids in named if ids), signatures)


def _is_followed(plan: JsonObject) -> bool:
    is_plan = is_ours(plan) and plan.get("intent") != "proposal"
    return is_plan and plan.get("status") in _IN_FORCE


def _signature(task: JsonObject) -> tuple[object, ...]:
    named = ("status", "owner", "focus", "input")
    return is_sign_off(task), *(task.get(each) for each in named)


def _owner(task: JsonObject, bases: tuple[str, ...]) -> str | None:
    link = parse_reference(str(task.get("owner", {}).get("reference", "")), bases)
    is_practitioner = link.kind == "local" and link.type == "Practitioner"
    return f"Practitioner/{link.id}" if is_practitioner else None


def _only(names: Iterable[str], resource: JsonObject) -> JsonObject:
    return {name: resource[name] for name in names if name in resource}


LAWS: Final = (
    Law("CarePlan", the_team_has_signed, _needs),
    Law("Task", a_signature_is_the_member_s_own),
)
