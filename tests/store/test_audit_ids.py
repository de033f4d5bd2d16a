"""The ids of the audit's rows lead back to their positions, and tell nothing of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.store.audit_ids import audit_id, position_of

SECRETS = st.binary(min_size=32, max_size=32)
POSITIONS = st.integers(1, 2**63 - 1)


@given(POSITIONS, SECRETS)
def test_an_id_leads_back_to_its_position(position: int, secret: bytes) -> None:
    told = audit_id(position, secret)
    assert len(told) == 16
    assert position_of(told, secret) == position


@given(st.lists(POSITIONS, unique=True, min_size=2), SECRETS)
def test_no_two_rows_have_one_id(positions: list[int], secret: bytes) -> None:
    assert len({audit_id(each, secret) for each in positions}) == len(positions)


def test_the_ids_of_neighbours_are_far_apart() -> None:
    ids = [int(audit_id(position, b"s" * 32), 16) for position in range(1, 1001)]
    steps = [abs(after - before) for before, after in pairwise(ids)]
    assert min(steps) > 2**32
    assert ids != sorted(ids)


@given(POSITIONS)
def test_another_record_shows_the_same_place_by_another_id(position: int) -> None:
    assert audit_id(position, b"s" * 32) != audit_id(position, b"t" * 32)


@pytest.mark.parametrize("text", ["", "1", "0" * 15, "0" * 17, "G" * 16, "A" * 16, "\u0660" * 16])
def test_what_is_no_id_has_no_position(text: str) -> None:
    assert position_of(text, b"s" * 32) is None
