"""A rule about referrals: status and business status say the same.

https://build.fhir.org/ig/HL7/bser/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.lint.rule import Defect, Rule
from shared.care.referral.machine import STATES
from shared.care.referral.task import is_tracked, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.lint.rule import Given
    from shared.fhir.reader import JsonObject


def _contradicts(resource: JsonObject, _: Given) -> Iterator[Defect]:
    if "status" not in resource or not is_tracked(resource):
        return
    state = state_of(resource)
    if state not in STATES:
        fitting = sorted(str(each) for each in STATES if each.business == state.business)
        what = f"; what fits is {' or '.join(fitting)}" if fitting else ""
        yield Defect("Task.businessStatus", f"A referral is never {state}{what}.")


RULES: Final = (
    Rule(
        "status-contradicts",
        "A referral's status and business status fit together.",
        "One partner reads the one, the other the other, and each waits for the other.",
        _contradicts,
        frozenset({"Task"}),
    ),
)
