"""An inpatient stay: which Encounters are one, when it is over, and on which local day it ended."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.dates import local_day
from shared.fhir.reader import read

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from shared.fhir.reader import JsonObject

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})
_GOES_ON: Final = frozenset({"arrived", "triaged", "in-progress", "onleave"})
_TOLD: Final[dict[str, Any]] = read((files(__package__) / "dispositions.json").read_bytes())
_DISPOSITIONS: Final = ("death", "against-advice")
# Who means that there is no end writes 9999-12-31, and there are no days to count after that.
_NO_END: Final = 9999


def is_inpatient(encounter: JsonObject) -> bool:
    """Tell whether an Encounter is an inpatient stay."""
    code = encounter.get("class", {}).get("code")
    return is_classified(encounter) and code in _INPATIENT


def is_classified(encounter: JsonObject) -> bool:
    """Tell whether an Encounter's class is one that is understood; a code may stand alone."""
    return bool(encounter.get("class", {}).get("system", ACT_CODE) == ACT_CODE)


def ends_inpatient_stay(encounter: JsonObject) -> bool:
    """Tell whether an Encounter is an inpatient stay that is over."""
    return is_inpatient(encounter) and encounter.get("status") == "finished"


def is_in_hospital(encounter: JsonObject) -> bool:
    """Tell whether an Encounter is an inpatient stay that goes on."""
    return is_inpatient(encounter) and encounter.get("status") in _GOES_ON


def disposition(encounter: JsonObject) -> str | None:
    """Tell whether a stay ended by death or against advice; None where by neither."""
    told = encounter.get("hospitalization", {}).get("dischargeDisposition", {})
    codings = {f"{each.get('system')}|{each.get('code')}" for each in told.get("coding", ())}
    return next((each for each in _DISPOSITIONS if codings & set(_TOLD[each])), None)


def classified(encounter: JsonObject) -> JsonObject:
    """Give an Encounter whose class names its system, for those who look for both."""
    kind = encounter["class"]
    if "code" not in kind or "system" in kind:
        return encounter
    return encounter | {"class": {"system": ACT_CODE} | kind}


def last_day(encounter: JsonObject, zone: tzinfo) -> date | None:
    """Give the local day on which an Encounter ended; None where it does not say."""
    end = encounter.get("period", {}).get("end")
    day = None if end is None else local_day(end, zone, last=True)
    return None if day is None or day.year == _NO_END else day
