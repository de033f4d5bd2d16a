"""Reading what the server answered, and counting it."""

from __future__ import annotations

import json

import pytest

from services.cli.loading.results import results, whole
from services.cli.loading.tally import REASON_CHARACTERS_MAX, REASONS_MAX, Tally, column_of
from shared.client import Answer

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "It is missing."}]}


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def test_each_entry_has_its_own_status_and_reasons() -> None:
    entries = [
        {"response": {"status": "201 Created"}},
        {"response": {"status": "200"}},
        {"response": {"status": "422 Unprocessable", "outcome": OUTCOME}},
        {"response": {"status": "409"}},
    ]
    told = results(answer({"entry": entries}), 4)
    assert [result.status for result in told] == [201, 200, 422, 409]
    assert [result.is_refused for result in told] == [False, False, True, True]
    assert told[2].reasons == ("422 It is missing.",)
    assert told[3].reasons == ("409 no reason given",)


@pytest.mark.parametrize(
    "body", [{}, {"entry": []}, {"entry": [{}]}, {"entry": [{"response": {}}]}]
)
def test_an_entry_that_the_answer_leaves_out_counts_as_refused(body: object) -> None:
    told = results(answer(body), 2)
    assert len(told) == 2
    assert all(result.is_refused and result.reasons for result in told)


def test_a_refused_bundle_refuses_every_entry_and_tells_its_reasons_once() -> None:
    told = whole(answer(OUTCOME, 422), 3)
    assert [result.status for result in told] == [422, 422, 422]
    assert [result.reasons for result in told] == [("422 It is missing.",), (), ()]


@pytest.mark.parametrize(
    ("status", "column"),
    [
        (201, "created"),
        (200, "already there"),
        (204, "already there"),
        (0, "refused"),
        (304, "refused"),
        (412, "refused"),
        (503, "refused"),
    ],
)
def test_a_status_is_counted_in_its_column(status: int, column: str) -> None:
    assert column_of(status) == column


def test_a_tally_lists_types_in_order_and_adds_up() -> None:
    tally = Tally()
    tally.count("Patient", "created")
    tally.count("Goal", "refused")
    tally.count("Patient", "created")
    tally.count("Patient", "already there")
    assert tally.rows() == [("Goal", 0, 0, 1), ("Patient", 2, 1, 0)]
    assert (tally.total, tally.refused) == (4, 1)


def test_only_the_first_reasons_are_kept_each_as_one_short_line() -> None:
    tally = Tally()
    tally.explain("two\nlines " + "x" * 1000)
    for number in range(REASONS_MAX + 4):
        tally.explain(f"reason {number}")
    assert len(tally.reasons) == REASONS_MAX
    assert tally.reasons_left_out == 5
    assert tally.reasons[0].startswith("two lines x")
    assert len(tally.reasons[0]) == REASON_CHARACTERS_MAX
