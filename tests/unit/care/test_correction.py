"""What we withdrew comes back: by when it is due, whether it is needed once more or always was."""

from __future__ import annotations

from shared.care import correction
from shared.care.correction import Acted
from shared.care.worklist import due

AT, LATER = "2026-03-05T10:00:00.000Z", "2026-03-12T10:00:00.000Z"
REVIEW = correction.review(Acted("Task/t", {"reference": "Patient/p"}, None, "Observation/o"), AT)
LATE = REVIEW | {"businessStatus": {"text": "overdue"}}


def test_who_acted_has_as_much_time_when_they_are_asked_anew() -> None:
    gone = correction.withdrawn(LATE)

    assert gone is not None
    anew = {"restriction": due("correction-review", LATER)}
    assert correction.asked_again(gone, LATER) == REVIEW | anew


def test_what_was_withdrawn_by_a_mistake_is_as_late_as_it_was() -> None:
    gone = correction.withdrawn(LATE)

    assert gone is not None
    assert correction.restored(gone) == LATE


def test_who_is_asked_already_or_has_answered_is_not_asked_anew() -> None:
    for status in ("requested", "completed", "cancelled"):
        assert correction.asked_again(LATE | {"status": status}, LATER) == LATE | {"status": status}
