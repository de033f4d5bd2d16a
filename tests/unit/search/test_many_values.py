"""A search for more values than one takes is asked in several, which together find the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.fhir.search.criteria import MOST_VALUES
from shared.fhir.search.parse import parse
from shared.store.finding import searches

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize("number", [1, 99, 100, 101, 250])
def test_each_value_is_asked_for_once_beside_all_else(number: int) -> None:
    ids = [f"r{each}" for each in range(number)]

    asked = list(searches([("_id", ",".join(ids)), ("status", "active,draft")]))

    assert len(asked) == -(-number // MOST_VALUES)
    assert [each for search in asked for each in search[0][1].split(",")] == ids
    assert {search[1] for search in asked} == {("status", "active,draft")}
    for search in asked:
        parse("ServiceRequest", search, zone=UTC, now=NOW)


def test_what_is_escaped_stays_one_value() -> None:
    tokens = [f"http://x.org|a\\,{each}" for each in range(MOST_VALUES + 1)]

    first, second = searches([("identifier", ",".join(tokens))])

    assert (first[0][1], second[0][1]) == (",".join(tokens[:-1]), tokens[-1])


def test_what_must_match_none_is_asked_at_once() -> None:
    text = ",".join(f"s{each}" for each in range(MOST_VALUES + 1))

    assert list(searches([("status:not", text)])) == [(("status:not", text),)]
