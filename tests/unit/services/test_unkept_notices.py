"""The Task about a notice that could not be kept: what it says, and when it is done."""

from __future__ import annotations

import pytest

from services.intake_api.domain.notice.document import TransferDocument
from services.intake_api.domain.notice.unkept import answered, unkept, unkept_id
from shared.fhir.errors import Issue
from shared.fhir.validation import validate
from tests.documents import document

AT = "2026-03-02T17:00:00Z"
NOTICE = TransferDocument(document("0" * 32) | {"id": "d1"})
ISSUES = [
    Issue("error", "value", f"Fault {i}.", f"Bundle.entry[{i}].resource.recorder") for i in range(9)
]


def test_the_task_says_what_is_wrong_with_which_notice() -> None:
    task = unkept(NOTICE, ISSUES, AT)

    assert validate(task) == []
    assert task["id"] == unkept_id(NOTICE) == unkept(NOTICE, [], AT)["id"]
    assert task["focus"] == {"reference": "Bundle/d1"}
    assert "Fault 0. (Bundle.entry[0].resource.recorder)" in task["description"]
    # A person reads it: the first ones are enough.
    assert [f"Fault {i}." in task["description"] for i in range(9)] == [True] * 5 + [False] * 4


@pytest.mark.parametrize("status", ["completed", "cancelled", "rejected", "in-progress"])
def test_only_what_waits_still_is_completed_by_itself(status: str) -> None:
    task = unkept(NOTICE, ISSUES, AT)

    assert answered(task | {"status": status}, AT) is None
    assert answered(task, AT) == task | {"status": "completed", "lastModified": AT}
