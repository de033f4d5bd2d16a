"""A user's own copy of an instrument: every difference from what is scored is named."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from shared.care.instruments.own_copy import (
    UNWORDED,
    instrument_meant,
    licence_held,
    misfits,
    own_copy,
)
from shared.care.instruments.registry import instrument_of
from shared.fhir.validation import validate
from tests.unit.care.instruments import instrument, published

ISI = instrument("isi")


def copy_of(name: str) -> dict[str, Any]:
    [ours] = [each for each in published() if each["id"] == name]
    mine = deepcopy(ours) | {"id": "mine", "url": "https://clinic.example/Questionnaire/x"}
    mine["item"] = [item | {"text": f"Wording {n}"} for n, item in enumerate(mine["item"])]
    return mine


@pytest.mark.parametrize("name", [each.name for each in UNWORDED])
def test_a_copy_that_fits_is_kept_under_the_instruments_canonical(name: str) -> None:
    mine = copy_of(name)
    meant = instrument_meant(mine)
    assert meant is not None
    kept = own_copy(meant, mine, "Clinic X, no. 1")

    assert meant.name == name
    assert misfits(meant, mine) == ()
    assert validate(kept) == []
    assert instrument_of(kept["url"]) is meant
    assert kept["derivedFrom"] == [mine["url"]]
    assert kept["item"] == mine["item"]
    assert licence_held(kept) == "Clinic X, no. 1"
    assert "Licence held: Clinic X, no. 1." in kept["copyright"]
    assert licence_held(mine) is None
    assert own_copy(meant, kept, "Y")["extension"][-1:] == [
        {"url": kept["extension"][-1]["url"], "valueString": "Y"}
    ]


def test_groups_and_slashes_do_not_matter() -> None:
    mine = copy_of("isi")
    slashed = [item | {"linkId": f"/{item['linkId']}"} for item in mine["item"]]
    group = {"linkId": "all", "type": "group", "item": slashed}

    assert misfits(ISI, mine | {"item": [group]}) == ()
    assert instrument_meant(mine | {"item": [group]}) is ISI


def _without_answers(item: dict[str, Any]) -> None:
    del item["answerOption"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda item: item.update(linkId="isi-9"), "ISI has no item isi-9"),
        (lambda item: item.update(linkId="isi-9"), "no item with linkId isi-2"),
        (lambda item: item.update(linkId="isi-1"), "linkId isi-1 comes twice"),
        (lambda item: item.pop("text"), "item[1].text"),
        (lambda item: item.update(text="  "), "item[1].text"),
        (lambda item: item.update(text=f"Topic: {ISI.items[1].topic}"), "item[1].text"),
        (lambda item: item.update(type="open-choice"), "item[1].type"),
        (lambda item: item.update(repeats=True), "item[1].type"),
        (lambda item: item["code"][0].update(code="isi-7"), "item[1].code"),
        (_without_answers, "item[1].answerOption"),
        (lambda item: item["answerOption"].pop(), "item[1].answerOption"),
        (
            lambda item: item["answerOption"][0]["valueCoding"].update(system="http://x.example"),
            "item[1].answerOption",
        ),
    ],
)
def test_every_difference_is_named_with_its_place(change: Any, told: str) -> None:  # noqa: ANN401
    mine = copy_of("isi")
    change(mine["item"][1])

    found = misfits(ISI, mine)

    assert any(told in each for each in found), found


def test_a_copy_of_anything_else_is_of_no_protected_instrument() -> None:
    assert instrument_meant(copy_of("phq-9")) is None
    assert instrument_meant({"resourceType": "Questionnaire"}) is None
    assert instrument_meant({"url": ISI.questionnaires[0]}) is ISI
