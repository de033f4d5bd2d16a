"""The windows in which a person is to be seen again, as data: local days after the last one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import Policy
from shared.fhir.reader import read

if TYPE_CHECKING:
    from datetime import date

TOLD: Final[dict[str, Any]] = read((files(__package__) / "windows.json").read_bytes())

POLICY: Final = Policy(TOLD["name"], TOLD["version"], TOLD["title"])
# By which day after a discharge its referral is to be answered.
REFERRAL_DAYS: Final[int] = TOLD["referralDays"]
# Until which day after a discharge an admission is a readmission.
READMISSION_DAYS: Final[int] = TOLD["readmissionDays"]
# Until which day an emergency visit is dropped for the inpatient stay that it leads to.
EMERGENCY_ADMISSION_DAYS: Final[int] = TOLD["emergencyAdmissionDays"]
# For how long there was no diagnosis of substance use before an episode of it is a new one.
NEW_EPISODE_DAYS: Final[int] = TOLD["newEpisodeDays"]
# What ended longer before the care here began starts nothing: it is history.
LOOK_BACK_DAYS: Final[int] = TOLD["lookBackDays"]
# Until which day after a stay that was told late the programme still pauses for it.
RETURN_DAYS: Final[int] = TOLD["returnDays"]


@dataclass(frozen=True, slots=True)
class Person:
    """What a window asks of a person on the day of its trigger; an age may not be known."""

    diagnosis: str | None
    age: int | None
    coverages: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom a window is; where it names nothing, for everybody."""

    diagnoses: frozenset[str]
    coverages: frozenset[str]
    from_age: int

    def holds(self, person: Person) -> bool:
        """Tell whether a person is one of them; one whose age is not known is old enough."""
        return (
            (not self.diagnoses or person.diagnosis in self.diagnoses)
            and (not self.coverages or not self.coverages.isdisjoint(person.coverages))
            and (person.age is None or person.age >= self.from_age)
        )


@dataclass(frozen=True, slots=True)
class Window:
    """One clock's window: what starts it, its days, what satisfies it, and for whom it is.

    `also_as` are the codes under which the same days count too, each for some of the people.
    """

    code: str
    text: str
    trigger: str
    first_day: int
    last_day: int
    satisfied_by: str
    at_least: int
    scope: Scope
    also_as: tuple[tuple[str, Scope], ...]

    def period(self, last: date) -> dict[str, str]:
        """Give the local dates, both included, counted from the trigger's day."""
        return {
            "start": (last + timedelta(days=self.first_day)).isoformat(),
            "end": (last + timedelta(days=self.last_day)).isoformat(),
        }

    def codes(self, person: Person) -> list[str]:
        """Name the codes under which the window counts for a person, its own first."""
        return [self.code, *(code for code, scope in self.also_as if scope.holds(person))]


def _scope(told: dict[str, Any]) -> Scope:
    return Scope(
        frozenset(told.get("diagnoses", ())),
        frozenset(told.get("coverages", ())),
        told.get("fromAge", 0),
    )


def _window(told: dict[str, Any]) -> Window:
    return Window(
        told["code"],
        told["text"],
        told["trigger"],
        told["firstDay"],
        told["lastDay"],
        told["satisfiedBy"],
        told.get("atLeast", 1),
        _scope(told),
        tuple((each["code"], _scope(each)) for each in told.get("alsoAs", ())),
    )


WINDOWS: Final = tuple(map(_window, TOLD["clocks"]))
BY_CODE: Final = {each.code: each for each in WINDOWS}
_EVERYBODY: Final = _scope({})
# The programme's own, which every inpatient discharge opens.
AFTER_DISCHARGE: Final = tuple(
    each for each in WINDOWS if each.trigger == "discharge" and each.scope == _EVERYBODY
)
# The clocks that wait for a visit at the clinic that somebody was handed over to.
AT_AFTERCARE_CLINIC: Final = tuple(TOLD["atAftercareClinic"])
