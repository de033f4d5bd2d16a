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

_TOLD: Final[dict[str, Any]] = read((files(__package__) / "windows.json").read_bytes())

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
# By which day after a discharge its referral is to be answered.
REFERRAL_DAYS: Final[int] = _TOLD["referralDays"]


@dataclass(frozen=True, slots=True)
class Window:
    """One clock's window: its code, its name for people, its first and last day."""

    code: str
    text: str
    first_day: int
    last_day: int

    def period(self, last: date) -> dict[str, str]:
        """Give the local dates, both included, that follow the last day of a stay."""
        return {
            "start": (last + timedelta(days=self.first_day)).isoformat(),
            "end": (last + timedelta(days=self.last_day)).isoformat(),
        }


AFTER_DISCHARGE: Final = tuple(
    Window(each["code"], each["text"], each["firstDay"], each["lastDay"])
    for each in _TOLD["afterDischarge"]
)
# The clocks that wait for a visit at the clinic that somebody was handed over to.
AT_AFTERCARE_CLINIC: Final = tuple(_TOLD["atAftercareClinic"])
