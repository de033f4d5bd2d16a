"""One line for each request, at the level of how it ended."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from shared.observability.access_log import AccessLine, log_access
from shared.observability.request_id import request_id

LINE = AccessLine(
    service="plan",
    method="PUT",
    interaction="update",
    type="CarePlan",
    status=412,
    issues=("conflict", "required"),
    request_id="r-1",
    milliseconds=3.14159,
)


def test_a_line_tells_what_was_asked_and_how_it_ended() -> None:
    assert LINE.fields == {
        "service": "plan",
        "method": "PUT",
        "interaction": "update",
        "type": "CarePlan",
        "status": 412,
        "issues": "conflict,required",
        "request": "r-1",
        "ms": "3.1",
    }


def test_what_fhir_does_not_know_is_left_out() -> None:
    fields = replace(LINE, method="CANARY", type="Canary", interaction=None, issues=()).fields

    assert fields.keys() == {"service", "status", "request", "ms"}


@pytest.mark.parametrize(
    ("status", "level"),
    [(200, "INFO"), (304, "INFO"), (404, "WARNING"), (422, "WARNING"), (500, "ERROR")],
)
def test_the_level_tells_whose_fault_it_is(
    status: int, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        log_access(replace(LINE, status=status))

    assert [record.levelname for record in caplog.records] == [level]


@pytest.mark.parametrize("given", ["r-1", "6f1c0a52-5f0e-7c6a", "a" * 128, "trace/1:2.3=+"])
def test_an_id_that_came_with_the_request_is_kept(given: str) -> None:
    assert request_id(given) == given


@pytest.mark.parametrize("given", [None, "", "a" * 129, "a b", "a\nb", 'a"b', "ä"])
def test_an_id_that_could_break_a_line_or_a_header_is_replaced(given: str | None) -> None:
    made = request_id(given)

    assert made != given
    assert request_id(made) == made
    assert request_id(given) != made
