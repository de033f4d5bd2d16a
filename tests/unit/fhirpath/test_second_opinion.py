"""Another implementation of FHIRPath says the same of the official examples.

https://github.com/beda-software/fhirpath-py
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fhirpathpy
import pytest
from fhirpathpy.models import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.fhir.fhirpath import Environment, InvalidExpression, evaluate, root_node
from shared.fhir.reader import read
from tests.unit.fhirpath.people import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = Path(__file__).parents[3] / "var/examples/package"
EXAMPLES = (
    "Patient-example",
    "Observation-blood-pressure",
    "Observation-example",
    "CarePlan-example",
    "Encounter-example",
    "Condition-example",
    "Goal-example",
    "MedicationRequest-medrx0302",
    "Appointment-example",
    "Questionnaire-bb",
    "ServiceRequest-example",
    "Claim-100150",
)
# An element of many types by the key that each of them has.
CHOICES = {
    path.rpartition(".")[2] + kind[0].upper() + kind[1:]: path.rpartition(".")[2]
    for path, kinds in models["r4"]["choiceTypePaths"].items()
    for kind in kinds
}
# Ours knows that these are no texts.
MOMENT = re.compile(r"[0-9]{4}(-|$)|[0-9]{2}:")
SETTINGS = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="var/examples/package is absent: run make examples"
)


@cache
def example(name: str) -> bytes:
    return (PACKAGE / f"{name}.json").read_bytes()


@cache
def paths(name: str) -> dict[str, list[str]]:
    """The paths by which an example's elements are reached, by what is there."""
    kinds = defaultdict(list)
    for path, values in _elements(name).items():
        kinds["any"].append(path)
        if all(isinstance(each, str) and not MOMENT.match(each) for each in values):
            kinds["text"].append(path)
    return kinds


def _elements(name: str) -> dict[str, list[Any]]:
    """Find what is reached by each path, but for what the other implementation misjudges."""
    found: dict[str, list[Any]] = defaultdict(list)

    def walk(value: Any, way: str) -> None:  # noqa: ANN401
        for key, inner in value.items():
            # The other one counts a primitive that has an id or extensions twice.
            is_whole = key[0] != "_" and f"_{key}" not in value
            if is_whole and key not in {"resourceType", "div", "contained"}:
                path = way + CHOICES.get(key, key)
                for each in inner if isinstance(inner, list) else [inner]:
                    found[path].append(each)
                    if isinstance(each, dict):
                        walk(each, f"{path}.")

    walk(json.loads(example(name)), "")
    if any(map(_is_truth, found.values())):
        # It takes 1 for true.
        return {path: values for path, values in found.items() if not _is_number(values)}
    return found


def _is_truth(values: list[Any]) -> bool:
    return all(type(each) is bool for each in values)


def _is_number(values: list[Any]) -> bool:
    return all(type(each) is int for each in values)


def ours(expression: str, raw: bytes) -> list[str] | None:
    root = root_node(read(raw))
    try:
        found = evaluate(expression, root, Environment(root, root, root))
        return [
            said(each.value if isinstance(each.value, dict) else plain(each.system))
            for each in found
        ]
    except InvalidExpression:
        return None


def theirs(expression: str, raw: bytes) -> list[str] | None:
    resource = json.loads(raw, parse_float=Decimal)
    try:
        found = fhirpathpy.evaluate(resource, expression, {}, models["r4"])
    except Exception:  # noqa: BLE001 - it has no kind of its own for what is wrong
        return None
    return [said(each) for each in found]


def said(value: Any) -> str:  # noqa: ANN401
    """Write a value so that both write it alike: numbers without their precision."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float | Decimal):
        return f"{Decimal(str(value)).normalize():f}"
    if isinstance(value, dict):
        inner = {key: said(each) for key, each in value.items()}
        return json.dumps(inner, sort_keys=True)
    if isinstance(value, list):
        return json.dumps([said(each) for each in value])
    return str(value)


OF_ONE = ("upper()", "lower()", "substring(1)", "substring(1, 2)", "replace('e', 'x')")
ASKED = ("startsWith('a')", "endsWith('e')", "contains('i')", "matches('[a-f]+')")
OF_SOME = ("tail()", "distinct()", "take(2)", "skip(1)", "where($index < 2)", "select($this)")


LOGIC, SUMS = ("and", "or", "xor", "implies"), ("+", "-", "*", "div")
ORDER = ("<", "<=", ">", ">=", "=", "!=", "~", "!~")
SETS = ("union", "combine", "exclude", "intersect")


class Words:
    """Draws expressions about one example in which every function gets what it takes."""

    def __init__(self, draw: st.DrawFn, known: dict[str, list[str]]) -> None:
        self._draw = draw
        self._known = known

    def of(self, kind: str, depth: int = 2) -> str:
        """Write an expression that gives some items, one text, a number or a truth."""
        ways = LEAVES[kind] if depth == 0 else LEAVES[kind] + GROWN[kind]
        # Each place of a way is filled with what it names, one step less deep.
        return re.sub(r"<(\w+)>", lambda found: self._filled(found[1], depth - 1), self.pick(ways))

    def pick(self, choices: Sequence[str]) -> str:
        return self._draw(st.sampled_from(choices))

    def _filled(self, name: str, depth: int) -> str:
        if name in self._known:
            return self.pick(self._known[name])
        return self.pick(OPERATORS[name]) if name in OPERATORS else self.of(name, depth)


OPERATORS = {"order": ORDER, "logic": LOGIC, "sums": SUMS, "sets": SETS}
LEAVES = {
    "some": ["<any>"],
    "one": ["<text>.first()"],
    "number": ["0", "1", "2", "<any>.count()"],
    "truth": ["true", "false", "{}", "<any>.exists()"],
}
GROWN = {
    "some": [
        *(f"<some>.{each}" for each in OF_SOME),
        "<some>.where(<truth>)",
        "(<some> | <some>)",
        # After a where() or select() it takes the arguments of these for something else.
        "<any>.<sets>(<any>)",
        "iif(<truth>, <some>, <some>)",
    ],
    "one": [*(f"<one>.{each}" for each in OF_ONE), "(<one> + <one>)", "(<one> & <one>)"],
    "number": [
        "<some>.count()",
        "<one>.length()",
        "<one>.indexOf('e')",
        "<some>.aggregate($total + 1, 0)",
        "(<number> <sums> <number>)",
        # The remainders of negative numbers are other ones there.
        "(<any>.count() mod <any>.count())",
    ],
    "truth": [
        *(f"<one>.{each}" for each in ASKED),
        *(f"<some>.{each}()" for each in ("exists", "empty", "isDistinct")),
        *(f"<any>.{each}(<any>)" for each in ("subsetOf", "supersetOf")),
        *(f"<some>.{each}(<truth>)" for each in ("exists", "all")),
        "(<number> <order> <number>)",
        "(<one> <order> <one>)",
        # In a list of several, a text and an element are the same to it.
        "(<any> = <any>)",
        "(<any> != <any>)",
        "(<one> in <some>)",
        "(<some> contains <one>)",
        "(<truth> <logic> <truth>)",
        "<truth>.not()",
    ],
}


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, str]:
    """Give the name of an example, and an expression about it."""
    name = draw(st.sampled_from(EXAMPLES))
    words = Words(draw, paths(name))
    return name, words.of(words.pick(list(GROWN)))


def compare(question: tuple[str, str]) -> None:
    name, expression = question
    raw = example(name)
    found = ours(expression, raw)
    assert found is not None
    assert found == theirs(expression, raw)


@settings(SETTINGS, max_examples=200)
@given(questions())
def test_another_implementation_agrees(question: tuple[str, str]) -> None:
    compare(question)


@pytest.mark.long
@settings(SETTINGS, max_examples=10_000)
@given(questions())
def test_another_implementation_agrees_ten_thousand_times(question: tuple[str, str]) -> None:
    compare(question)


# Where the other one says something else, what ours says, and why.
DIFFERENCES = [
    ("1 = true", ["False"], "a number is no boolean"),
    ("name.first() and true", ["True"], "a single item that is no boolean is true"),
    ("(1 | 2) ~ (2 | 1)", ["True"], "the order does not matter for equivalence"),
    ("@2026-01-01T10:00:00Z = @2026-01-01T10:00:00", [], "one zone is not known"),
    ("1 year = 1 'a'", [], "a calendar's year has no fixed length"),
    ("6 days < 1 week", ["True"], "units of a clock compare"),
    ("1 'mg' + 2 'mg'", ["3 'mg'"], "quantities of one unit have a sum"),
    ("-7 mod 2", ["-1"], "a remainder has the sign of the dividend"),
    ("2147483647 + 1", [], "beyond 32 bits there is no Integer"),
    ("'99999999999'.toInteger()", [], "beyond 32 bits there is no Integer"),
    ("1.25.round(1)", ["1.3"], "half is rounded up, away from zero"),
    ("2.5.round()", ["3"], "the precision may be left out"),
    ("0.ln()", [], "what has no result is empty"),
    ("@T23:30 + 1 hour", ["00:30"], "a time goes round the clock"),
    ("@9999-12-31 + 1 day", [], "after the last day there is none"),
    ("(1 | 2 | 3).skip(-1)", ["1", "2", "3"], "fewer than one is none"),
    ("(1 | 2 | 3).take(-1)", [], "fewer than one is none"),
    ("true.toString()", ["true"], "a boolean is written as its literal"),
    ("'2026-02-30'.toDate()", [], "there is no such day"),
    ("@2026-03-01T10:00:00Z.toDate()", ["2026-03-01"], "a dateTime has a date"),
    ("'5 days'.convertsToQuantity('mg')", ["False"], "a unit may be asked for"),
    ("$this is DomainResource", ["True"], "a Patient is a kind of DomainResource"),
    ("birthDate.type().name", ["date"], "it is there once, with its extensions"),
    ("telecom[1].rank.subsetOf(active)", ["False"], "no number is a truth"),
    ("(text.status | id) = (text.status | text)", ["False"], "a text is no element"),
    ("contact.name.family.count()", ["1"], "it is counted once, with its extensions"),
    ("active.hasValue()", ["True"], "a primitive has a value"),
    ("id.ofType(string)", ["example"], "an id is a kind of string"),
    ("contact.period.start.toInteger()", [], "a date is no text"),
    ("name.given.convertsToBoolean()", None, "one item is expected"),
    ("active.where(true).supersetOf(name)", ["False"], "what follows where() has its own input"),
    ("gender.select($this).union(id)", ["male", "example"], "what follows select() too"),
]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [pytest.param(each, expected, id=reason) for each, expected, reason in DIFFERENCES],
)
def test_where_the_other_differs_ours_says_what_the_specification_says(
    expression: str, expected: list[str] | None
) -> None:
    raw = example("Patient-example")
    assert ours(expression, raw) == expected
    assert theirs(expression, raw) != expected
