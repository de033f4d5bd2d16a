"""The key of a page is good for one search of one tenant, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.errors import InvalidSearch
from shared.fhir.search.parse import parse
from shared.store.page_key import PageKey, sign, verify

if TYPE_CHECKING:
    from shared.fhir.search.query import Query

SECRET = b"s" * 32
KEY = PageKey((1, "a", None), "x7", "Patient")


def query(*pairs: tuple[str, str]) -> Query:
    return parse("Patient", pairs, zone=UTC, now=datetime(2026, 1, 1, tzinfo=UTC))


SEARCH = query(("name", "a"), ("_sort", "name"))

values = st.one_of(st.none(), st.integers(-(2**62), 2**62), st.text())
keys = st.builds(
    PageKey, st.lists(values, max_size=5).map(tuple), st.text(), st.text(), st.booleans()
)


@given(keys)
def test_a_key_comes_back_from_its_link(key: PageKey) -> None:
    text = sign(key, SEARCH, 1, SECRET)
    assert verify(text, SEARCH, 1, SECRET) == key
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_key_of_another_count_is_the_same_search() -> None:
    later = query(("name", "a"), ("_sort", "name"), ("_count", "9"), ("_page", "x"))
    assert verify(sign(KEY, SEARCH, 1, SECRET), later, 1, SECRET) == KEY


@pytest.mark.parametrize(
    ("other", "tenant", "secret"),
    [
        (query(("name", "b"), ("_sort", "name")), 1, SECRET),
        (query(("name", "a"), ("_sort", "-name")), 1, SECRET),
        (query(("name", "a")), 1, SECRET),
        (SEARCH, 2, SECRET),
        (SEARCH, 1, b"t" * 32),
    ],
)
def test_a_foreign_key_is_refused(other: Query, tenant: int, secret: bytes) -> None:
    with pytest.raises(InvalidSearch, match="does not belong to this search"):
        verify(sign(KEY, SEARCH, 1, SECRET), other, tenant, secret)


def test_a_key_that_was_changed_anywhere_is_refused() -> None:
    text = sign(KEY, SEARCH, 1, SECRET)
    # The last character holds bits that no byte has, so the one before it is the last to matter.
    for place in range(len(text) - 1):
        other = "A" if text[place] != "A" else "B"
        with pytest.raises(InvalidSearch):
            verify(text[:place] + other + text[place + 1 :], SEARCH, 1, SECRET)


@given(st.text())
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidSearch):
        verify(text, SEARCH, 1, SECRET)
