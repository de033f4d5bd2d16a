"""Whether a GuidanceResponse proves its outcome: every seal, every value, every rule."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from services.cli.decision_checker import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

_VERSIONED: Final = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}/_history/[1-9][0-9]*")
_BASE: Final = "https://stepdown.example/fhir"
_OPEN: Final = "insufficient-information"
_READINGS: Final = {
    "higher": "step-up-needed",
    "lower": "step-down-ready",
    "recommend-iop": "continue",
    "recommend-iop-with-conditions": "continue-with-conditions",
    _OPEN: "not-decided",
}


def digest(tree: object) -> str:
    """Give the SHA-256 of JSON whose members are sorted, without white space."""
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def faults(guidance: Json, criteria_set: Json) -> list[str]:
    """List all that does not hold, each as a sentence; none where the outcome is proven."""
    found: list[str] = []
    try:
        trace = _trace(guidance)
        for check in (_seals, _set, _criteria, _outcome, _required, _phase):
            found += check(guidance, trace, criteria_set)
    except (KeyError, TypeError, ValueError, AttributeError):
        found.append("This is no GuidanceResponse with the whole trace of a level of care.")
    return found


def _trace(guidance: Json) -> list[Json]:
    [trace] = guidance["contained"]
    if guidance["outputParameters"]["reference"] != f"#{trace['id']}":
        raise ValueError("The trace is not the one that is referred to.")
    return list(trace["parameter"])


def _value(parameter: Json) -> Any:  # noqa: ANN401 - whatever the parameter holds
    [value] = [each for name, each in parameter.items() if name.startswith("value")]
    return value["reference"] if isinstance(value, dict) else value


def _all(parameters: list[Json], name: str) -> list[Any]:
    return [_value(each) for each in parameters if each["name"] == name]


def _parts(trace: list[Json], name: str) -> list[list[Json]]:
    return [each["part"] for each in trace if each["name"] == name]


def _seals(guidance: Json, trace: list[Json], _set: Json) -> Iterator[str]:
    for part in _parts(trace, "criterion"):
        sealed = [each for each in part if each["name"] != "hash"]
        if _all(part, "hash") != [digest(sealed)]:
            yield f"{_all(part, 'code')[0]}: value, basis or evidence is not what was sealed."
    whole = digest([each for each in trace if each["name"] != "hash"])
    if _all(trace, "hash") != [whole]:
        yield "The hash is not that of the trace."
    about = f"{_BASE}/{guidance['subject']['reference']}/level-of-care/{whole}"
    if guidance["id"] != str(uuid5(NAMESPACE_URL, about)):
        yield "The id is not that of this trace about this person."


def _set(guidance: Json, trace: list[Json], criteria_set: Json) -> Iterator[str]:
    canonical = f"{criteria_set['url']}|{criteria_set['version']}"
    if not [guidance["moduleCanonical"]] == _all(trace, "criteria-set") == [canonical]:
        yield f"The criteria set named is not {canonical}."
    if _all(trace, "criteria-set-hash") != [digest(criteria_set)]:
        yield "The hash of the criteria set is not that of the set."


def _criteria(_guidance: Json, trace: list[Json], criteria_set: Json) -> Iterator[str]:
    parts, phase = _parts(trace, "criterion"), _all(trace, "phase")
    if [_all(part, "code")[0] for part in parts] != [e["id"] for e in criteria_set["criteria"]]:
        yield "The criteria are not those of the set, each once and in its order."
        return
    for criterion, part in zip(criteria_set["criteria"], parts, strict=True):
        [value], [basis] = _all(part, "value"), _all(part, "basis")
        evidence = [_VERSIONED.fullmatch(each) for each in _all(part, "evidence")]
        types = [each[1] if each else "" for each in evidence]
        if not _is_based(criterion, basis, value, types, phase):
            yield f"{criterion['id']}: {value} does not follow from {basis} and its evidence."


def _is_based(criterion: Json, basis: str, value: str, types: list[str], phase: list[str]) -> bool:
    """Tell whether a basis can give a value by evidence of such types."""
    if basis == "no-evidence":
        return value == "unknown" and not types
    if basis == "clinician":
        return value in rules.NUMBERS and types == ["Observation"]
    [row] = [each for each in criterion.get("rows", ()) if each["id"] == basis]
    named_by = [row["namedBy"]["type"]] if "namedBy" in row else []
    is_cited = bool(types) and set(types) == {row["type"], *named_by}
    in_phase = row.get("phase") in {None, *phase}
    return (
        is_cited
        and in_phase
        and value == {True: "true", False: "false"}.get(row["value"], "unknown")
    )


def _outcome(_guidance: Json, trace: list[Json], criteria_set: Json) -> Iterator[str]:
    values = _values(trace)
    rule = _rule(criteria_set, values)
    is_open = rule["outcome"] == _OPEN
    expected = {
        "outcome": [rule["outcome"]],
        "rule": [rule["id"]],
        "missing": rules.missing(criteria_set, values) if is_open else [],
    }
    for name, follows in expected.items():
        if _all(trace, name) != follows:
            yield _contradicted(name, follows)
    advice = {each["id"]: each.get("advice") for each in criteria_set["criteria"]}
    told = [(_all(e, "code"), _all(e, "advice")) for e in _parts(trace, "because")]
    causes = rules.because(criteria_set, rule, values)
    if told != [([each], [advice[each]] if advice[each] else []) for each in causes]:
        yield _contradicted("because", causes)


def _contradicted(name: str, follows: list[str]) -> str:
    return f"{name} does not follow from the values: it must be {', '.join(follows) or 'none'}."


def _required(guidance: Json, trace: list[Json], _set: Json) -> Iterator[str]:
    required = [e["codeFilter"][0]["code"][0]["code"] for e in guidance.get("dataRequirement", ())]
    if required != _all(trace, "missing"):
        yield "dataRequirement is not what is missing."
    is_open = _all(trace, "outcome") == [_OPEN]
    if guidance["status"] != ("data-required" if is_open else "success"):
        yield "The status is not that of the outcome."


def _phase(_guidance: Json, trace: list[Json], _set: Json) -> Iterator[str]:
    [phase], [outcome] = _all(trace, "phase"), _all(trace, "outcome")
    episodes, reading = _all(trace, "episode"), _all(trace, "reading")
    cited = [_VERSIONED.fullmatch(each) for each in episodes]
    types = [each[1] if each else "" for each in cited]
    expected = {"entry": ([], []), "programme": (["EpisodeOfCare"], [_READINGS[outcome]])}
    if (types, reading) != expected[phase]:
        yield "phase, episode and reading do not belong together."


def _values(trace: list[Json]) -> dict[str, int]:
    parts = _parts(trace, "criterion")
    return {_all(e, "code")[0]: rules.NUMBERS[_all(e, "value")[0]] for e in parts}


def _rule(criteria_set: Json, values: dict[str, int]) -> Json:
    is_safe_known = not rules.unknown_safety(criteria_set, values)
    return rules.fired(
        criteria_set, rules.groups(criteria_set, values), is_safe_known=is_safe_known
    )
