"""From the values of the criteria to one of five outcomes, and what is missing for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.intake_api.domain.level_of_care.decision import decide
from services.intake_api.domain.level_of_care.library import DEFAULT
from tests.unit.services.level_of_care import EXCLUSIONS, FOOTING, IDS, NEEDS

if TYPE_CHECKING:
    from services.intake_api.domain.level_of_care.kleene import Truth

TRUTHS: tuple[Truth, ...] = (True, None, False)
SAFE = dict.fromkeys(EXCLUSIONS, False)
ABLE = dict.fromkeys(FOOTING, True)


def given_values(**known: Truth) -> dict[str, Truth]:
    """Everything unknown but what is named, `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in known.items()}
    return dict.fromkeys(IDS) | named


def test_there_are_the_criteria_of_the_reference() -> None:
    assert len(IDS) == len(set(IDS)) == 21
    assert len(NEEDS) == 9


def test_what_is_not_needed_is_not_asked_for() -> None:
    values = given_values(IND_MH=True) | SAFE | ABLE | {"CAP-GROUP": None}

    assert decide(DEFAULT, values).missing == ("CAP-GROUP",)


@pytest.mark.parametrize("criterion", [each for each in IDS if each[:3] in {"CAP", "ENV"}])
def test_each_capability_and_surrounding_is_a_condition_and_no_refusal(criterion: str) -> None:
    decision = decide(DEFAULT, given_values(IND_MH=True) | SAFE | {criterion: False})

    assert decision.outcome == "recommend-iop-with-conditions"
    assert decision.because == (criterion,)


def test_a_condition_is_named_whatever_the_others_are() -> None:
    values = given_values(IND_MH=True, CAP_MOTIV_PART=False, ENV_HOME=False) | SAFE
    decision = decide(DEFAULT, values)

    assert decision.outcome == "recommend-iop-with-conditions"
    assert decision.because == ("CAP-MOTIV-PART", "ENV-HOME")


@pytest.mark.parametrize("supporting", ["IND-OBLIGATIONS", "IND-DIRECT"])
def test_what_only_supports_never_decides(supporting: str) -> None:
    values = SAFE | ABLE | dict.fromkeys(NEEDS, False) | {supporting: True}

    assert decide(DEFAULT, dict.fromkeys(IDS) | values).outcome == "lower"
    need: dict[str, Truth] = dict.fromkeys(IDS) | values | {"IND-COPING": True}
    assert decide(DEFAULT, need).outcome == "recommend-iop"
