"""The whole way of a referral, as data: states, who does what in which, and where that leads.

https://build.fhir.org/ig/HL7/bser/
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Literal

from shared.fhir.reader import read

Party = Literal["initiator", "recipient"]


@dataclass(frozen=True, slots=True, order=True)
class State:
    """Where a referral stands: Task.status and the code of Task.businessStatus, None for none."""

    status: str
    business: str | None

    def __str__(self) -> str:
        """Name it with what the business status means."""
        if self.business is None:
            return f"{self.status} without a business status"
        meaning = BUSINESS_STATUS.get(self.business)
        return f"{self.status} {self.business}" + (f" ({meaning})" if meaning else "")


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: who brings a referral from where to where, by what."""

    tid: str
    actor: Party
    trigger: str
    before: State
    after: State

    def __str__(self) -> str:
        """Name what is done, by whom, and where it leads."""
        return f"{self.trigger} by the {self.actor} (to {self.after.status} {self.after.business})"


def _transition(told: dict[str, Any]) -> Transition:
    before, after = State(*told["from"]), State(*told["to"])
    return Transition(told["tid"], told["actor"], told["trigger"], before, after)


_TOLD: Final[dict[str, Any]] = read((files(__package__) / "transitions.json").read_bytes())

VERSION: Final[str] = _TOLD["version"]
BUSINESS_STATUS: Final[dict[str, str]] = _TOLD["businessStatus"]
TRIGGERS: Final[dict[str, str]] = _TOLD["triggers"]
TRANSITIONS: Final = tuple(map(_transition, _TOLD["transitions"]))
STATES: Final = frozenset(state for each in TRANSITIONS for state in (each.before, each.after))
# How a referral begins: as a draft, or sent at once.
BEGINNINGS: Final = frozenset({State("draft", None), State("received", "2.0")})


def leading_from(state: State) -> list[Transition]:
    """List what may be done where a referral stands."""
    return [each for each in TRANSITIONS if each.before == state]


def by_trigger(state: State, trigger: str) -> Transition | None:
    """Give what a trigger does where a referral stands; None where it does nothing."""
    return next((each for each in leading_from(state) if each.trigger == trigger), None)


def between(before: State, after: State) -> list[Transition]:
    """List all that leads from one state to another."""
    return [each for each in leading_from(before) if each.after == after]


def allowed(state: State) -> str:
    """Say what may be done where a referral stands, and by whom."""
    following = ", ".join(map(str, leading_from(state)))
    return f"From {state} there is {following or 'no way on'}."
