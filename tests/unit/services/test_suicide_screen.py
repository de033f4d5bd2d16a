"""Which answers call for a suicide screen, and which screen completes the Task."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.domain import suicide_screen
from services.progress_api.domain.extraction import extraction
from services.progress_api.domain.suicide_screen import Cause
from shared.fhir.references import Links
from shared.fhir.validation import validate
from tests.journey.answering import ITEM_9, PHQ_9, item, response

ZONE = ZoneInfo("America/New_York")
PERSON = {"reference": "Patient/p1"}
ASKED = "2026-03-02T20:00:00-05:00"
STORED = "2026-03-03T01:00:05.000Z"
IDS = st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True)
CAUSES = st.builds(
    Cause,
    IDS.map(lambda each: f"QuestionnaireResponse/{each}"),
    st.integers(1, 99),
    IDS,
    st.just(STORED),
    st.just("2026-03-02"),
)


def read(name: str, authored: str = ASKED, **changes: object) -> Any:  # noqa: ANN401
    counts = changes.pop("counts", {})
    return extraction(response(name, PERSON, authored, counts) | changes, ())  # type: ignore[arg-type]


@given(counts=st.fixed_dictionaries(dict.fromkeys(PHQ_9, st.sampled_from((0, 1, 2, 3, None)))))
def test_a_phq_9_calls_for_a_screen_unless_item_9_is_denied(counts: dict[str, int | None]) -> None:
    why = suicide_screen.why_asked(read("phq-9", counts=counts))

    assert (why is None) == (counts[ITEM_9] == 0)
    assert why is None or (ITEM_9 in why and ("not answered" in why) == (counts[ITEM_9] is None))


def test_only_a_screener_that_cannot_be_read_calls_for_another_one() -> None:
    unreadable = [item("93246-7", "LA6568-5")]

    assert suicide_screen.why_asked(read("c-ssrs-screener")) is None
    assert "read" in str(suicide_screen.why_asked(read("c-ssrs-screener", item=unreadable)))
    assert suicide_screen.why_asked(read("gad-7")) is None


@given(cause=CAUSES)
def test_a_request_is_a_valid_transaction_that_makes_its_task_once(cause: Cause) -> None:
    bundle = suicide_screen.request(cause, "Why.")
    made, said = bundle["entry"]

    assert validate(bundle) == []
    assert made["request"]["ifNoneExist"] == f"identifier={_cause(made['resource'])}"
    assert made["resource"]["restriction"]["period"] == {"start": "2026-03-02", "end": "2026-03-02"}
    assert suicide_screen.is_open(made["resource"])
    assert suicide_screen.request(cause, "Why.") == bundle
    assert said["request"]["method"] == "PUT"
    assert ("Patient", cause.patient_id) in Links(made["resource"]).local_targets()


def _cause(task: dict[str, Any]) -> str:
    [identifier] = task["identifier"]
    return f"{identifier['system']}|{identifier['value']}"


@given(cause=CAUSES, status=st.sampled_from(("completed", "cancelled", "entered-in-error")))
def test_a_task_that_has_ended_or_asks_for_something_else_is_not_open(
    cause: Cause, status: str
) -> None:
    task = suicide_screen.request(cause, "Why.")["entry"][0]["resource"]

    assert not suicide_screen.is_open(task | {"status": status})
    assert not suicide_screen.is_open(task | {"code": {"text": "Suicide screen"}})


@pytest.mark.parametrize(
    ("authored", "answered"),
    [
        ("2026-03-02T20:00:00-05:00", True),
        ("2026-03-02T20:10:00-05:00", True),
        ("2026-03-03", True),
        ("2026-03-02", True),
        ("2026-03-02T19:59:59-05:00", False),
        ("2026-03-01", False),
        ("2026-02", False),
    ],
)
def test_a_screen_that_was_not_made_before_answers(authored: str, *, answered: bool) -> None:
    screen = read("c-ssrs-screener", authored)

    assert suicide_screen.answers(screen, ASKED, ZONE) == answered


def test_only_a_screen_that_can_be_read_answers() -> None:
    unreadable = read("c-ssrs-screener", item=[item("93246-7", "LA6568-5")])

    assert not suicide_screen.answers(unreadable, ASKED, ZONE)
    assert not suicide_screen.answers(read("phq-9"), ASKED, ZONE)


@given(cause=CAUSES, number=st.integers(1, 99))
def test_a_completion_follows_the_version_that_was_read(cause: Cause, number: int) -> None:
    task = suicide_screen.request(cause, "Why.")["entry"][0]["resource"] | {"id": "t1"}
    screen = read("c-ssrs-screener")
    bundle = suicide_screen.completion(task, number, screen, STORED)
    [put, said] = bundle["entry"]

    assert validate(bundle) == []
    assert put["request"]["ifMatch"] == f'W/"{number}"'
    assert put["resource"]["status"] == "completed"
    assert put["resource"]["output"][-1]["valueReference"] == {
        "reference": screen.completed.reference
    }
    assert said["resource"]["target"] == [{"reference": "Task/t1"}]
