"""Whatever an expression says, it ends soon, in a result or in one clear error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.fhirpath import InvalidExpression, TooCostlyExpression, parse
from shared.fhir.fhirpath.lexer import LONGEST
from tests.unit.fhirpath.people import OBSERVATION, answers

UNREADABLE = [
    "",
    "name.",
    ".name",
    "name..given",
    "(name",
    "name)",
    "name[0",
    "name[",
    "1 +",
    "'open",
    "`open",
    "'\\x'",
    "a b",
    "name.given,",
    "f(1,)",
    "f(,1)",
    "@2026-13-01",
    "@2026-02-30",
    "@T24:00",
    "#",
    "%",
    "$that",
    "name is",
    "/* open",
]
UNCOMPUTABLE = [
    "unknown()",
    "name.where()",
    "name.first(1)",
    "name.single()",
    "name and true",
    "1 + 'a'",
    "1 < 'a'",
    "true + 1",
    "-'a'",
    "'a' & 1",
    "1 is Nothing",
    "name.ofType(1)",
    "%unknown",
    "name['a']",
    "name.take('a')",
    "1.substring(0)",
    "'a'.startsWith(1)",
    "'a'.abs()",
    "name.first().abs()",
    "name.first().floor()",
    "name.first().upper()",
    "@2026 + 1 'mg'",
    "2 'mg' * 3 'mg'",
    "'a'.matches('(')",
    "'a'.matches('(a)\\\\1')",
    "'a'.replaceMatches('a', '$7')",
    "1.5.round(-1)",
]


@pytest.mark.parametrize("expression", UNREADABLE)
def test_what_is_no_fhirpath_is_refused(expression: str) -> None:
    with pytest.raises(InvalidExpression):
        parse(expression)


@pytest.mark.parametrize("expression", UNCOMPUTABLE)
def test_what_cannot_be_computed_is_refused(expression: str) -> None:
    with pytest.raises(InvalidExpression):
        answers(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 10_000,
        "(" * 5_000 + "1" + ")" * 5_000,
        "-" * 10_000 + "1",
        ".".join(["name"] * 3_000),
        "1" + "+1" * 5_000,
        "name" + "[0]" * 5_000,
        "x" * (LONGEST + 1),
        "iif(" * 2_000 + "1",
    ],
)
def test_an_expression_that_is_too_deep_or_long_is_refused(expression: str) -> None:
    with pytest.raises(InvalidExpression):
        parse(expression)


MANY = f"({' | '.join(map(str, range(60)))})"


@pytest.mark.parametrize(
    "expression",
    [
        f"{MANY}.select({MANY}.select({MANY}.select({MANY})))",
        f"{MANY}.where({MANY}.where({MANY}.where({MANY}.exists()).exists()).exists())",
        "descendants().select(%resource.descendants().select(%resource.descendants()))",
        "(1 | 2).repeat($this + 1)",
        f"{MANY}.aggregate($total & $total, 'ab')",
        f"{MANY}.aggregate($total.replace('a', 'aa'), 'aaaa')",
        f"{MANY}.aggregate($total.combine($total), 1)",
        "'" + "a" * 40 + "!'.matches('(a+)+$')",
        "'" + "a" * 40 + "!'.matches('(a|a)*$')",
        "'" + "a" * 40 + "!'.matches('(a|aa)+$')",
        "'" + "a" * 40 + "!'.matches('((a{1,30}){1,30}){1,30}$')",
        "'" + "a" * 2_000 + "!'.matches('a*a*a*a*a*b')",
        "'" + "a" * 9_000 + "'.toChars().select(%resource.descendants())",
    ],
)
def test_an_expression_that_grows_without_end_is_stopped(expression: str) -> None:
    with pytest.raises(TooCostlyExpression):
        answers(expression)


@pytest.mark.parametrize(
    "pattern", ["^(https?|urn):.+$", "[A-Z]([A-Za-z0-9_]){0,254}", "^[0-9]{5}(-[0-9]{4})?$", "a|b"]
)
def test_patterns_that_profiles_use_are_allowed(pattern: str) -> None:
    assert answers(f"'{'a' * 300}'.matches('{pattern}')") in ([True], [False])


@given(st.text(alphabet="ab1.'()[]{}|&+-*/=<>~$%@ `\\,TZ:", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidExpression):
        parse(text)


WORDS = st.sampled_from(
    [
        "name",
        "given",
        "code",
        "value",
        "component",
        "1",
        "1.5",
        "'a'",
        "@2026",
        "4",
        "days",
        "true",
        "{}",
        "$this",
        "%resource",
    ]
)


def functions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = [
        "+",
        "-",
        "*",
        "/",
        "div",
        "mod",
        "&",
        "|",
        "=",
        "!=",
        "~",
        "<",
        ">",
        "in",
        "contains",
        "and",
        "or",
        "xor",
        "implies",
    ]
    names = [
        "exists",
        "count",
        "first",
        "tail",
        "not",
        "toString",
        "children",
        "descendants",
        "abs",
        "length",
        "distinct",
        "isDistinct",
        "hasValue",
        "type",
        "allTrue",
        "toQuantity",
        "toDate",
        "convertsToTime",
    ]
    return st.one_of(
        st.tuples(inner, st.sampled_from(operators), inner).map(" ".join).map("({})".format),
        st.tuples(inner, st.sampled_from(names)).map(lambda each: f"{each[0]}.{each[1]}()"),
        st.tuples(inner, inner).map(lambda each: f"{each[0]}.where({each[1]})"),
        st.tuples(inner, inner).map(lambda each: f"{each[0]}.select({each[1]})"),
    )


@given(st.recursive(WORDS, functions, max_leaves=8))
def test_any_expression_of_the_language_gives_a_collection_or_one_clear_error(text: str) -> None:
    with suppress(InvalidExpression):
        assert isinstance(answers(text, OBSERVATION), list)
