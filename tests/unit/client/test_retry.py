"""When a request may be sent again, and after how long."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.client.retry import LONGEST_PAUSE_SECONDS, may_repeat, pause

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("idempotent", [True, False])
def test_what_the_server_did_not_act_on_may_always_be_repeated(
    status: int, *, idempotent: bool
) -> None:
    assert may_repeat(status, idempotent=idempotent)


@pytest.mark.parametrize("status", [502, 504])
def test_what_may_have_been_acted_on_is_repeated_only_if_idempotent(status: int) -> None:
    assert may_repeat(status, idempotent=True)
    assert not may_repeat(status, idempotent=False)


@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 412, 422, 500])
def test_an_answer_is_final(status: int) -> None:
    assert not may_repeat(status, idempotent=True)


@given(st.integers(0, 10_000), st.none() | st.text())
def test_a_pause_is_never_negative_nor_longer_than_the_longest(
    attempt: int, retry_after: str | None
) -> None:
    assert 0 <= pause(attempt, retry_after, now=NOON) <= LONGEST_PAUSE_SECONDS


@given(st.integers(0, 100))
def test_without_a_wish_of_the_server_a_pause_never_shrinks(attempt: int) -> None:
    assert pause(attempt) <= pause(attempt + 1)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("3600", LONGEST_PAUSE_SECONDS),
        ("Sun, 01 Mar 2026 12:00:09 GMT", 9),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
    ],
)
def test_the_server_may_ask_for_a_pause_in_seconds_or_until_a_date(
    retry_after: str | None, seconds: float
) -> None:
    assert pause(0, retry_after, now=NOON) == seconds


@pytest.mark.parametrize("retry_after", ["soon", "-1", "²", "1.5", "Sun, 01 Mar 2026 12:00 -0000"])
def test_a_retry_after_that_cannot_be_read_leaves_the_doubling_pause(retry_after: str) -> None:
    assert pause(2, retry_after, now=NOON) == pause(2)
