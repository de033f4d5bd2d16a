"""The registry: what every instrument says of itself, and whose wording it carries."""

from __future__ import annotations

from typing import Any

import pytest

from shared.care.instruments.own_copy import UNWORDED
from shared.care.instruments.registry import INSTRUMENTS
from tests.unit.care.instruments import instrument, published

NAMES = {each.name for each in INSTRUMENTS}
WORDED = {"phq-9", "phq-2", "phq-a", "gad-7", "pcl-5", "audit", "audit-c", "bam"}
HELD = {"c-ssrs-screener", "dast-10", "who-5", "isi"}


def test_all_instruments_are_here() -> None:
    assert WORDED | HELD | {"bam-iop"} == NAMES
    assert {each.name for each in UNWORDED} == HELD | {"bam-iop"}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_instrument_says_where_it_is_from_and_what_is_allowed(name: str) -> None:
    one = instrument(name)

    told = (one.version, one.source, one.licence, one.attribution, one.allowed_use, one.recall)
    assert all(told)
    assert all(score.change is None or score.change.source for score in one.scores)


@pytest.mark.parametrize("questionnaire", published(), ids=lambda each: each["id"])
def test_only_free_wording_is_carried(questionnaire: dict[str, Any]) -> None:
    one = instrument(questionnaire["id"])
    texts = [each["text"] for each in questionnaire["item"]]

    if one.name in WORDED:
        assert all(item.text for item in one.items if item.number)
    else:
        assert all(item.text is None for item in one.items)
        assert all(text.startswith("Topic: ") for text in texts)
    assert one.licence in questionnaire["copyright"]
    assert one.attribution in questionnaire["copyright"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_whatever_a_rule_names_is_an_item(name: str) -> None:
    one = instrument(name)
    named = [
        *(item for score in one.scores for item in score.items),
        *(item for finding in one.findings for item in finding.items),
        *(item for skip in one.skips for item in (*skip.when, *skip.zero)),
        *one.observed,
        *([one.screening.item] if one.screening else []),
    ]

    assert set(named) <= set(one.by_code)
    assert len(one.by_code) == len(one.items)
    for options in one.options.values():
        codes = [(option.system, option.code) for option in options]
        assert len(set(codes)) == len(codes)
        assert len({option.value for option in options}) == len(options)


def test_codes_are_no_instruments_own_twice() -> None:
    scores = [score.code for each in INSTRUMENTS for score in each.scores]
    changes = [s.change.code for each in INSTRUMENTS for s in each.scores if s.change]
    canonicals = [url for each in INSTRUMENTS for url in each.questionnaires]

    for codes in (scores, changes, canonicals):
        assert len(set(codes)) == len(codes)
