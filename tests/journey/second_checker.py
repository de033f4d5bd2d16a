"""Checks a level of care by hand: the rules of the programme's own set, the seals, the evidence.

It is written from docs/operations.md and the criteria as they are published to people, imports
nothing of the software, and asks the record itself for every version that is cited.
"""

from __future__ import annotations

import hashlib
import json
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]
Values = dict[str, str]

NEEDS = (
    *("IND-MH", "IND-SUD", "IND-STEPDOWN", "IND-STEPUP", "IND-PREVENT-HIGHER"),
    *("IND-DETERIORATION", "IND-RELAPSE-SKILL", "IND-COPING", "IND-PSYCHOSOCIAL"),
)
# A route, and what only supports: they decide nothing.
BESIDE = ("IND-DIRECT", "IND-OBLIGATIONS")
EXCLUSIONS = ("EXC-IMMINENT", "EXC-DETOX", "EXC-24H")
FOOTING = (
    *("CAP-VERBAL", "CAP-MOTIV-PART", "CAP-MOTIV-RECOV", "CAP-GROUP", "CAP-LEARN"),
    *("ENV-HOME", "ENV-SUPPORT"),
)
ALL = {*NEEDS, *BESIDE, *EXCLUSIONS, *FOOTING}


def outcome(values: Values) -> str:
    """Decide as the programme's rules say, the first that holds."""
    excluded = [values[each] for each in EXCLUSIONS]
    if "true" in excluded:
        return "higher"
    if "unknown" in excluded:
        return "insufficient-information"
    needs = [values[each] for each in NEEDS]
    if set(needs) == {"false"}:
        return "lower"
    if "true" not in needs:
        return "insufficient-information"
    footing = [values[each] for each in FOOTING]
    if set(footing) == {"true"}:
        return "recommend-iop"
    return "recommend-iop-with-conditions" if "false" in footing else "insufficient-information"


def missing(values: Values) -> set[str]:
    """Name each unknown for which two completions that differ only in it decide otherwise."""
    return {name for name in ALL if values[name] == "unknown" and _turns(name, values)}


def _turns(name: str, values: Values) -> bool:
    # Of each group only whether one of it is true, or false, counts: one completion for either.
    groups = [[e for e in g if values[e] == "unknown" and e != name] for g in (NEEDS, EXCLUSIONS)]
    groups.append([each for each in FOOTING if values[each] == "unknown" and each != name])
    for told in product(("true", "false"), repeat=len(groups)):
        whole = dict(values)
        for group, value in zip(groups, told, strict=True):
            whole |= dict.fromkeys(group, value)
        if outcome(whole | {name: "true"}) != outcome(whole | {name: "false"}):
            return True
    return False


def seal(parameters: list[Json]) -> str:
    """The SHA-256 of the JSON of parameters, members sorted, without white space."""
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(parameters: list[Json]) -> list[Json]:
    """Seal anew what stands beside a hash, as whoever forges a trace would."""
    beside = [each for each in parameters if each["name"] != "hash"]
    return [*beside, {"name": "hash", "valueString": seal(beside)}]


def faults(http: httpx.Client, told: Json) -> list[str]:
    """List in a word what of a decision does not hold."""
    trace = told["contained"][0]["parameter"]
    parts = [each["part"] for each in trace if each["name"] == "criterion"]
    values = {_one(part, "code"): _one(part, "value") for part in parts}
    if set(values) != ALL:
        return ["criteria"]
    rest = [each for each in trace if each["name"] != "hash"]
    expected = missing(values) if outcome(values) == "insufficient-information" else set()
    asked = {e["codeFilter"][0]["code"][0]["code"] for e in told.get("dataRequirement", ())}
    checks = {
        "hash": _one(trace, "hash") == seal(rest),
        "hash of a criterion": all(_is_sealed(part) for part in parts),
        "outcome": _one(trace, "outcome") == outcome(values),
        "missing": set(_every(trace, "missing")) == expected == asked,
        "evidence": all(_is_so(http, told["subject"]["reference"], part) for part in parts),
    }
    return [name for name, holds in checks.items() if not holds]


def _is_sealed(part: list[Json]) -> bool:
    beside = [each for each in part if each["name"] != "hash"]
    return bool(_one(part, "hash") == seal(beside))


def _is_so(http: httpx.Client, subject: str, part: list[Json]) -> bool:
    """Read what a criterion cites: a judgement must say its value of this person."""
    cited = [http.get(each["reference"]) for each in _every(part, "evidence")]
    if any(each.status_code != 200 for each in cited):
        return False
    if _one(part, "basis") != "clinician":
        return bool(cited) or _one(part, "value") == "unknown"
    [judged] = [each.json() for each in cited]
    said = {True: "true", False: "false"}.get(judged.get("valueBoolean"), "unknown")
    codes = [each["code"] for each in judged["code"]["coding"]]
    return (_one(part, "code") in codes, said, judged["subject"]["reference"]) == (
        True,
        _one(part, "value"),
        subject,
    )


def _every(parameters: list[Json], name: str) -> list[Any]:
    found = [each for each in parameters if each["name"] == name]
    return [v for each in found for key, v in each.items() if key.startswith("value")]


def _one(parameters: list[Json], name: str) -> Any:  # noqa: ANN401 - whatever the parameter holds
    [found] = _every(parameters, name)
    return found
