"""The second opinion on a level of care: it agrees with the first, and names what was changed."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from services.cli.decision_checker import proof, rules
from services.cli.main import run
from services.intake_api.domain.level_of_care.assessment import assess
from services.intake_api.domain.level_of_care.decision import decide
from services.intake_api.domain.level_of_care.guidance import guidance
from services.intake_api.domain.level_of_care.library import CRITERIA_SETS, published
from shared.fhir.writer import write
from tests.unit.services.level_of_care import NOW, episode, judgement, risk, score

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet
    from services.intake_api.domain.level_of_care.kleene import Truth

AT = "2026-03-10T12:00:00.000Z"
NUMBERS: dict[Truth, int] = {False: 0, None: 1, True: 2}
sets = pytest.mark.parametrize("criteria_set", CRITERIA_SETS, ids=lambda each: each.title[:8])


def told(criteria_set: CriteriaSet, values: dict[str, Truth]) -> dict[str, Any]:
    """A decision by judgements, as a client reads it."""
    pool = [judgement(name, value=value) for name, value in values.items()]
    served: dict[str, Any] = json.loads(write(guidance(assess(criteria_set, pool, NOW), "p1", AT)))
    return served


def values_by_chance(criteria_set: CriteriaSet, chance: Random) -> dict[str, Truth]:
    values: dict[str, Truth] = {
        each.id: chance.choice((True, None, False)) for each in criteria_set.criteria
    }
    for group in criteria_set.groups:
        if chance.random() < 0.6:
            values |= dict.fromkeys(group.members, chance.choice((True, None, False)))
    return values


@sets
def test_both_come_to_the_same_for_any_values(criteria_set: CriteriaSet) -> None:
    chance, content = Random(3), dict(criteria_set.content)
    for _ in range(5_000):
        values = values_by_chance(criteria_set, chance)
        decision = decide(criteria_set, values)
        numbers = {name: NUMBERS[value] for name, value in values.items()}
        is_known = not rules.unknown_safety(content, numbers)
        valued = rules.groups(content, numbers)
        rule = rules.fired(content, valued, is_safe_known=is_known)
        assert (rule["outcome"], rule["id"]) == (decision.outcome, decision.rule), values
        assert tuple(rules.because(content, rule, numbers)) == decision.because
        if rule["outcome"] == "insufficient-information":
            assert tuple(rules.missing(content, numbers)) == decision.missing


@sets
def test_every_decision_is_proven(criteria_set: CriteriaSet) -> None:
    chance = Random(4)
    for _ in range(150):
        decision = told(criteria_set, values_by_chance(criteria_set, chance))
        assert proof.faults(decision, dict(criteria_set.content)) == []


def decided(*, in_programme: bool = True) -> dict[str, Any]:
    """A decision by all kinds of evidence: judged, derived, and none."""
    spoken: list[Any] = [judgement(each, value=False) for each in ("EXC-DETOX", "CAP-GROUP")]
    pool = [*spoken, score("44261-6", 12), risk("LA9194-7"), *([episode()] * in_programme)]
    assessment = assess(CRITERIA_SETS[0], pool, NOW)
    served: dict[str, Any] = json.loads(write(guidance(assessment, "p1", AT)))
    return served


def parameter(decision: dict[str, Any], name: str) -> dict[str, Any]:
    trace = decision["contained"][0]["parameter"]
    found: dict[str, Any] = next(each for each in trace if each["name"] == name)
    return found


def part(decision: dict[str, Any], criterion: str, name: str) -> dict[str, Any]:
    parts = [e["part"] for e in decision["contained"][0]["parameter"] if e["name"] == "criterion"]
    [meant] = (each for each in parts if each[0]["valueCode"] == criterion)
    found: dict[str, Any] = next(each for each in meant if each["name"] == name)
    return found


def cite(decision: dict[str, Any], reference: str) -> None:
    part(decision, "IND-MH", "evidence")["valueReference"]["reference"] = reference


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda d: part(d, "CAP-GROUP", "value").update(valueCode="true"), "CAP-GROUP: "),
        (lambda d: part(d, "IND-MH", "basis").update(valueCode="gad-7-positive"), "IND-MH: "),
        (lambda d: cite(d, "Observation/score-44261-6/_history/2"), "IND-MH: "),
        (lambda d: cite(d, "Condition/x/_history/1"), "IND-MH: "),
        (lambda d: cite(d, "Observation/score-44261-6"), "IND-MH: "),
        (lambda d: parameter(d, "rule").update(valueCode="no-need"), "rule does not follow"),
        (lambda d: parameter(d, "outcome").update(valueCode="higher"), "outcome does not follow"),
        (lambda d: parameter(d, "missing").update(valueCode="IND-MH"), "missing does not follow"),
        (lambda d: parameter(d, "missing").update(name="because", part=[]), "because does not"),
        (lambda d: parameter(d, "hash").update(valueString="0" * 64), "The hash is not"),
        (
            lambda d: parameter(d, "criteria-set-hash").update(valueString="0" * 64),
            "The hash of the criteria set",
        ),
        (
            lambda d: parameter(d, "criteria-set").update(valueCanonical="https://x.example|1.0"),
            "The criteria set named is not",
        ),
        (lambda d: d["dataRequirement"].pop(), "dataRequirement is not"),
        (lambda d: d.update(status="success"), "The status is not"),
        (lambda d: d["subject"].update(reference="Patient/p2"), "The id is not"),
        (lambda d: parameter(d, "phase").update(valueCode="entry"), "phase, episode and reading"),
        (lambda d: parameter(d, "reading").update(valueCode="continue"), "phase, episode and"),
        (lambda d: d["contained"].clear(), "This is no GuidanceResponse"),
        (lambda d: d.pop("outputParameters"), "This is no GuidanceResponse"),
        (lambda d: part(d, "IND-MH", "value").update(valueCode="maybe"), "IND-MH: "),
    ],
)
def test_what_was_changed_is_named(tamper: Callable[[dict[str, Any]], object], named: str) -> None:
    content, decision = dict(CRITERIA_SETS[0].content), decided()
    assert proof.faults(decision, content) == []

    tamper(decision)

    assert any(each.startswith(named) for each in proof.faults(decision, content))


def test_a_forger_who_seals_anew_is_still_found_out() -> None:
    content, decision = dict(CRITERIA_SETS[0].content), decided(in_programme=False)
    part(decision, "IND-MH", "value").update(valueCode="false")
    for each in decision["contained"][0]["parameter"]:
        if each["name"] == "criterion":
            each["part"][-1]["valueString"] = proof.digest(each["part"][:-1])
    sealed = [e for e in decision["contained"][0]["parameter"] if e["name"] != "hash"]
    parameter(decision, "hash")["valueString"] = proof.digest(sealed)

    found = proof.faults(decision, content)

    assert "IND-MH: false does not follow from phq-9-positive and its evidence." in found
    assert "The id is not that of this trace about this person." in found


def test_another_set_proves_nothing() -> None:
    changed = copy.deepcopy(dict(CRITERIA_SETS[0].content))
    changed["rules"][0]["outcome"] = "lower"

    found = proof.faults(decided(), changed)

    assert found == ["The hash of the criteria set is not that of the set."]


def check(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    monkeypatch.setattr("sys.argv", ["stepdown", "check-decision", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        run()
    return caught.value.code


def test_the_command_says_what_is_proven(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    decision, file, library = decided(), tmp_path / "decision.json", tmp_path / "set.json"
    file.write_text(json.dumps({"resourceType": "Bundle", "entry": [{"resource": decision}]}))
    library.write_bytes(write(published(CRITERIA_SETS[0])))

    assert check(monkeypatch, file) == 0
    assert capsys.readouterr().out == f"GuidanceResponse/{decision['id']} is proven\n"
    assert check(monkeypatch, file, "--criteria-set", library) == 0
    file.write_text(json.dumps(decision | {"status": "success"}))
    assert check(monkeypatch, file) == 1
    assert "  The status is not that of the outcome." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is no JSON"), ('{"resourceType": "Patient"}', "holds no GuidanceResponse")],
)
def test_the_command_refuses_what_is_no_decision(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    text: str,
    said: str,
) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)

    assert check(monkeypatch, file) == 1
    assert said in capsys.readouterr().err
