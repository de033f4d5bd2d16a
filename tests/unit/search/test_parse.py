"""Reading the parameters of a search."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.dates import date_range
from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.escapes import split, unescape
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.parse import parse
from shared.fhir.search.query import Criterion, Missing, Query
from shared.fhir.search.values import LogicalTarget, Moment, Target, Text, Token, Uri, Value

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASES = ("https://care.example/fhir",)
DAY = 24 * 3600 * 1_000_000


def read(resource_type: str, *pairs: tuple[str, str], lenient: bool = False) -> Query:
    return parse(resource_type, pairs, zone=UTC, now=NOW, bases=BASES, lenient=lenient)


def values(resource_type: str, name: str, text: str) -> tuple[Value, ...]:
    (criterion,) = read(resource_type, (name, text)).criteria
    assert isinstance(criterion, Criterion)
    return criterion.values


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("final", Token(None, "final")),
        ("http://loinc.org|1-8", Token("http://loinc.org", "1-8")),
        ("|1-8", Token("", "1-8")),
        ("http://loinc.org|", Token("http://loinc.org", None)),
        (r"http://a.example|b\|c", Token("http://a.example", "b|c")),
        ("http://a.example|b|c", Token("http://a.example", "b|c")),
        (r"a\,b\$c\\d", Token(None, r"a,b$c\d")),
    ],
)
def test_a_token_is_a_system_and_a_code(text: str, token: Token) -> None:
    assert values("Observation", "code", text) == (token,)


def test_a_comma_is_or_and_a_repeated_parameter_is_and() -> None:
    query = read("Observation", ("code", r"a,b\,c"), ("code", "d"))
    assert [each.values for each in query.criteria if isinstance(each, Criterion)] == [
        (Token(None, "a"), Token(None, "b,c")),
        (Token(None, "d"),),
    ]


@pytest.mark.parametrize(
    ("resource_type", "name", "text", "value"),
    [
        ("Patient", "name", "  Émile Z", Text("emile z", "  Émile Z")),
        ("Patient", "family:exact", "O'Brien", Text("obrien", "O'Brien")),
        ("Patient", "_profile", "http://a.example/p|1", Uri("http://a.example/p|1")),
        ("Observation", "subject", "Patient/7", Target(("Patient",), "7")),
        ("Observation", "subject:Patient", "7", Target(("Patient",), "7")),
        ("Observation", "patient", "7", Target(("Group", "Patient"), "7")),
        ("Observation", "subject", "7", Target(("Device", "Group", "Location", "Patient"), "7")),
        (
            "Observation",
            "subject",
            "https://care.example/fhir/Patient/7",
            Target(("Patient",), "7", "https://care.example/fhir/Patient/7"),
        ),
        (
            "Observation",
            "subject",
            "https://x.example/Patient/7/_history/2",
            Target((), None, "https://x.example/Patient/7"),
        ),
        ("Observation", "subject:identifier", "a|b", LogicalTarget(Token("a", "b"))),
        ("Observation", "date", "ge2026-03", Moment("ge", *date_range("2026-03"))),
        ("Observation", "date", "2026", Moment("eq", *date_range("2026"))),
    ],
)
def test_a_value_is_read_by_its_parameters_type(
    resource_type: str, name: str, text: str, value: Value
) -> None:
    assert values(resource_type, name, text) == (value,)


def test_about_is_a_tenth_of_the_distance_and_at_least_a_day() -> None:
    (near,) = values("Observation", "date", "ap2026-03-01")
    low, high = date_range("2026-03-01")
    assert near == Moment("ap", low - DAY, high + DAY)
    (far,) = values("Observation", "date", "ap2025-03-01")
    low, high = date_range("2025-03-01")
    margin = round((date_range("2026-03-01T12:00:00Z")[0] - high) / 10)
    assert far == Moment("ap", low - margin, high + margin)


def test_a_date_without_zone_is_taken_in_the_servers() -> None:
    zone = ZoneInfo("America/New_York")
    query = parse("Observation", [("date", "2026-03-01")], zone=zone, now=NOW)
    (criterion,) = query.criteria
    assert isinstance(criterion, Criterion)
    assert criterion.values == (Moment("eq", *date_range("2026-03-01", zone)),)


def test_missing_works_on_every_parameter() -> None:
    for code, parameter in served_parameters("Observation").items():
        assert read("Observation", (f"{code}:missing", "true")).criteria == (
            Missing(parameter, is_missing=True),
        )


@pytest.mark.parametrize(
    ("resource_type", "name", "text", "said"),
    [
        ("Observation", "cod", "x", "no search parameter 'cod'; valid for Observation are"),
        ("Observation", "code:exactly", "x", "no modifier ':exactly' here; valid for 'code' are"),
        ("Observation", "subject:Practitioner", "x", "no modifier ':Practitioner'"),
        ("Observation", "code:", "x", "no modifier ':'"),
        ("Observation", "code", "", "empty value"),
        ("Observation", "code", "a,,b", "empty value"),
        ("Observation", "code", "|", "needs a system or a code"),
        ("Patient", "identifier", "http://a b|c", "A system holds no space"),
        ("Patient", "identifier", "http://a |c", "A system holds no space"),
        ("Patient", "organization:identifier", "http://a b|c", "A system holds no space"),
        ("Observation", "code:missing", "yes", "must be true or false"),
        ("Observation", "date", "xx2026", "cannot be read"),
        ("Observation", "date", "2026-02-30", "no such day"),
        ("Observation", "date", "2026-02-02T09:30:00 01:00", "a \\+ is written %2B"),
        ("Observation", "subject", "Patient?name=x", "must be an id"),
        ("Observation", "subject", "#p", "must be an id"),
        ("Observation", "subject:Patient", "Group/1", "not a reference to Patient"),
        ("Patient", "phone", "a|b", "take no '|'"),
        ("Patient", "active", "a|true", "take no '|'"),
        ("Patient", "name", "-", "neither letters nor digits"),
        ("Patient", "name", "x" * 401, "longer than 400"),
        ("Patient", "name:contains", "x" * 201, "longer than 200"),
        ("Patient", "name", "a\0b", "NUL"),
        ("Patient", "name", "\ud800", "surrogate"),
        ("Patient", "_count", "-1", "must be a number"),
        ("Patient", "_count", "ten", "must be a number"),
        ("Patient", "_total", "some", "none, estimate, accurate"),
        ("Patient", "_summary", "yes", "_summary must be one of"),
        ("Patient", "_sort", "nothing", "is not a search parameter of Patient; valid are"),
        ("Patient", "_sort", "", "is not a search parameter"),
        ("Patient", "_sort", "name,name,name,name,name,name", "at most 5"),
    ],
)
def test_what_is_not_valid_is_refused(resource_type: str, name: str, text: str, said: str) -> None:
    with pytest.raises(InvalidSearch, match=said.replace("|", r"\|")):
        read(resource_type, (name, text))


@pytest.mark.parametrize(
    ("resource_type", "name", "text"),
    [
        ("Location", "near", "1|2"),
        ("Patient", "_filter", "name eq x"),
        ("Patient", "_text", "x"),
        ("Observation", "_sort", "code-value-quantity"),
    ],
)
def test_what_r4_has_and_the_server_does_not_is_said_so(
    resource_type: str, name: str, text: str
) -> None:
    with pytest.raises(NotSupported):
        read(resource_type, (name, text))


def test_a_lenient_search_skips_what_it_does_not_know_and_tells() -> None:
    pairs = (("cod", "x"), ("code", "y"), ("_filter", "z"), ("_sort", "cod"), ("_count", "5"))
    query = read("Observation", *pairs, lenient=True)
    assert query.used == (("code", "y"), ("_count", "5"))
    assert len(query.criteria) == 1
    assert [each.severity for each in query.issues] == ["warning"] * 3
    assert all(each.diagnostics.startswith("Skipped. ") for each in query.issues)


def test_a_lenient_search_still_refuses_a_bad_value() -> None:
    with pytest.raises(InvalidSearch):
        read("Observation", ("date", "soon"), lenient=True)


def test_how_the_result_looks_is_read_beside_the_criteria() -> None:
    query = read(
        "Patient", ("_sort", "-birthdate,_id"), ("_count", "7"), ("_total", "accurate"),
        ("_elements", "name,gender"), ("_pretty", "true"), ("_format", "json"), ("_page", "abc"),
        ("_summary", "data"),
    )  # fmt: skip
    assert [(each.parameter.code, each.descending) for each in query.sort] == [
        ("birthdate", True),
        ("_id", False),
    ]
    assert (query.count, query.total, query.page) == (7, "accurate", "abc")
    assert query.result.elements == ("name", "gender")
    assert (query.result.pretty, query.result.summary) == (True, "data")
    assert not query.criteria


def test_a_count_of_nothing_asks_for_the_total() -> None:
    assert (read("Patient", ("_count", "0")).count, read("Patient").count) == (0, 50)
    assert read("Patient", ("_summary", "count")).total == "accurate"
    assert read("Patient", ("_count", "100000")).count == 1000


def test_a_total_may_be_estimated_as_hapis_client_calls_it() -> None:
    assert read("Patient", ("_total", "estimate")).total == "estimate"
    assert read("Patient", ("_total", "estimated")).total == "estimate"


def test_a_search_is_bounded() -> None:
    assert read("Patient", *[("_id", "x")] * 50)
    with pytest.raises(InvalidSearch, match="at most 50"):
        read("Patient", *[("_id", "x")] * 51)
    assert read("Patient", ("_id", ",".join(["x"] * 100)))
    with pytest.raises(InvalidSearch, match="at most 100"):
        read("Patient", ("_id", ",".join(["x"] * 101)))
    with pytest.raises(InvalidSearch, match="once only"):
        read("Patient", ("_count", "1"), ("_count", "2"))


def test_pages_of_one_search_have_one_fingerprint() -> None:
    first = read("Patient", ("name", "a"), ("_sort", "name"), ("_count", "5"))
    later = read("Patient", ("name", "a"), ("_sort", "name"), ("_count", "9"), ("_page", "x"))
    assert first.fingerprint == later.fingerprint
    for other in (
        read("Patient", ("name", "a"), ("_sort", "-name")),
        read("Patient", ("name", "b"), ("_sort", "name")),
        read("Person", ("name", "a"), ("_sort", "name")),
    ):
        assert other.fingerprint != first.fingerprint


@given(st.lists(st.text(alphabet="ab,|$\\"), min_size=1))
def test_what_is_escaped_and_joined_comes_back(parts: list[str]) -> None:
    escaped = [
        part.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$")
        for part in parts
    ]
    assert [unescape(each) for each in split(",".join(escaped), ",")] == parts


@given(
    st.sampled_from(("_sort", "_count", "code", "date", "subject", "value-string", "_id")),
    st.text(),
)
def test_a_search_that_is_not_read_is_refused(name: str, text: str) -> None:
    with suppress(InvalidSearch, NotSupported):
        read("Observation", (name, text))
    with suppress(InvalidSearch, NotSupported):
        read("Observation", (text, "x"))
