"""Which results are in the record already, so that nothing is looked up or written for them."""

from __future__ import annotations

from typing import Any

import pytest

from services.progress_api.results import stands

Resource = dict[str, Any]
META = {"versionId": "3", "lastUpdated": "2026-05-04T00:00:00Z"}
SIGNAL: Resource = {"resourceType": "Observation", "id": "o", "status": "final"}
OTHER = SIGNAL | {"valueBoolean": True}
TAKEN_BACK = SIGNAL | {"status": "entered-in-error"}


@pytest.mark.parametrize(
    ("before", "result", "expected"),
    [
        (None, None, True),
        (None, SIGNAL, False),
        (SIGNAL | {"meta": META}, SIGNAL, True),
        (SIGNAL | {"meta": META}, OTHER, False),
        (OTHER | {"status": "corrected", "meta": META}, OTHER, True),
        (SIGNAL | {"meta": META}, None, False),
        (TAKEN_BACK | {"meta": META}, None, True),
        (TAKEN_BACK | {"meta": META}, SIGNAL, False),
    ],
)
def test_a_result_stands_where_the_record_has_it(
    before: Resource | None,
    result: Resource | None,
    expected: bool,  # noqa: FBT001
) -> None:
    assert stands(before, result) is expected
