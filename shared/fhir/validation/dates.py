"""date, dateTime, instant and time: the published expressions, and days that exist.

https://hl7.org/fhir/R4/datatypes.html#dateTime
"""

from __future__ import annotations

import re
from calendar import monthrange

_DAY = r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
# Second 60 is a leap second.
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_PARTIAL = r"(?!0000)[0-9]{4}(?:-(?:0[1-9]|1[0-2]))?"

_date = re.compile(rf"{_PARTIAL}|{_DAY}").fullmatch
_date_time = re.compile(rf"{_PARTIAL}|{_DAY}(?:T{_TIME}{_ZONE})?").fullmatch
_instant = re.compile(rf"{_DAY}T{_TIME}{_ZONE}").fullmatch
_time = re.compile(_TIME).fullmatch


def is_date(text: str) -> bool:
    """Tell whether this is a FHIR date."""
    return _date(text) is not None and _day_exists(text)


def is_date_time(text: str) -> bool:
    """Tell whether this is a FHIR dateTime; one with a time needs a zone."""
    return _date_time(text) is not None and _day_exists(text)


def is_instant(text: str) -> bool:
    """Tell whether this is a FHIR instant."""
    return _instant(text) is not None and _day_exists(text)


def is_time(text: str) -> bool:
    """Tell whether this is a FHIR time, which has no zone."""
    return _time(text) is not None


def _day_exists(text: str) -> bool:
    day = text[8:10]
    return day <= "28" or int(day) <= monthrange(int(text[:4]), int(text[5:7]))[1]
