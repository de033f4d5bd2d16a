"""Reading answers out of a QuestionnaireResponse, whoever nested them however."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.care.instruments.registry import score_of
from shared.care.instruments.response import answers

PHQ_9, TOTAL = score_of("44261-6") or pytest.fail("no PHQ-9")
CODES = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")


def answer(code: str, system: str = "http://loinc.org") -> dict[str, Any]:
    return {"valueCoding": {"system": system, "code": code}}


def item(link_id: str, *given: dict[str, Any], **others: object) -> dict[str, Any]:
    return {"linkId": link_id, "answer": list(given)} | others if given else {"linkId": link_id}


def response(*items: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "item": list(items)}


@given(
    counts=st.dictionaries(st.sampled_from(TOTAL.items), st.integers(0, 3)),
    slash=st.sampled_from(("", "/")),
    depth=st.integers(0, 3),
)
def test_answers_are_found_under_either_link_id_in_groups_of_any_depth(
    counts: dict[str, int],
    slash: str,
    depth: int,
) -> None:
    items = [item(f"{slash}{code}", answer(CODES[count])) for code, count in counts.items()]
    for level in range(depth):
        items = [{"linkId": f"group-{level}", "item": items}]

    found = answers(PHQ_9, response(*items))

    assert found.values == counts
    assert found.issues == ()


def test_an_answer_below_an_answer_is_found() -> None:
    below = item("44250-9", answer("LA6571-9"))
    first = item("44255-8", answer("LA6570-1") | {"item": [below]})

    assert answers(PHQ_9, response(first)).values == {"44255-8": 2, "44250-9": 3}


def test_an_item_without_an_answer_is_missing_and_nothing_is_wrong() -> None:
    absent = {"extension": [{"url": "https://elsewhere.example/why", "valueCode": "unknown"}]}
    found = answers(PHQ_9, response(item("44250-9"), item("44260-8", absent)))

    assert (found.values, found.issues) == ({}, ())


def test_a_total_that_somebody_else_wrote_down_is_not_an_answer() -> None:
    found = answers(PHQ_9, response(item("/44261-6", {"valueDecimal": 12})))

    assert (found.values, found.issues) == ({}, ())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (item("44260-8", answer("LA33-6")), "LA6568-5"),
        (item("44260-8", answer("LA6568-5", "https://elsewhere.example")), "LA6568-5"),
        (item("44260-8", {"valueInteger": 0}), "LA6568-5"),
        (item("44260-8", answer("LA6568-5"), answer("LA6569-3")), "one answer"),
        (item("44260-9", answer("LA6568-5")), "no item 44260-9"),
    ],
)
def test_an_answer_that_is_not_allowed_is_named_with_its_place(
    wrong: dict[str, Any], told: str
) -> None:
    found = answers(PHQ_9, response(item("44250-9", answer("LA6569-3")), wrong))
    [issue] = found.issues

    assert found.values == {"44250-9": 1}
    assert issue.expression == "QuestionnaireResponse.item[1]"
    assert told in issue.diagnostics
    assert wrong["linkId"] in issue.diagnostics


def test_an_item_that_is_answered_twice_is_named_and_the_first_answer_kept() -> None:
    group = {"linkId": "again", "item": [item("44250-9", answer("LA6571-9"))]}
    found = answers(PHQ_9, response(item("44250-9", answer("LA6569-3")), group))

    assert found.values == {"44250-9": 1}
    assert [issue.expression for issue in found.issues] == ["QuestionnaireResponse.item[1].item[0]"]
