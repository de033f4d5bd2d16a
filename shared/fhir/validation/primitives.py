r"""The checkers of the primitive types.

FHIR's `\s` is XML Schema's: space, tab, CR and LF, so that U+00A0 may stand in a code.

https://hl7.org/fhir/R4/datatypes.html#primitive
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from jiter import LosslessFloat

from shared.fhir.validation.dates import is_date, is_date_time, is_instant, is_time
from shared.fhir.validation.finding import NUMBERS, fault, too_long, wrong_json_type
from shared.fhir.validation.narrative import check_xhtml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.validation.finding import Checker, Findings, Run

LONGEST = 1024 * 1024
_LONGEST_BASE64 = 20_000_000
_REMEMBERED = 4096
_MOST_DIGITS = 40
_TOO_MANY_DIGITS = f"A number may have at most {_MOST_DIGITS} digits."
# What the number of every common language can hold.
_LARGEST_EXPONENT = 308
_control_character = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]").search
_blanks = str.maketrans("", "", " \t\r\n")


def check_string(value: object, _run: Run) -> Findings | None:
    """Check a string or markdown."""
    # Almost every string passes here at the speed of C; only an odd one is searched.
    if type(value) is str and 0 < len(value) <= LONGEST and value.isprintable():
        return None
    if type(value) is not str:
        return wrong_json_type(value, "a string")
    if not value:
        return fault("value", "A string may not be empty.")
    if len(value) > LONGEST:
        return too_long(LONGEST)
    if _control_character(value):
        return fault("value", "A string may not hold control characters.")
    return None


def check_element_id(value: object, run: Run) -> Findings | None:
    """Check the id of an element, which R4 types as a string: it may not hold blanks."""
    found = check_string(value, run)
    if found is None and type(value) is str and value.split() != [value]:
        return fault("value", "The id of an element may not hold blanks.")
    return found


def text_checker(fits: Callable[[str], object], wanted: str) -> Checker:
    """Make the checker of texts of one form; those it accepted last are remembered."""
    accepted: set[str] = set()

    def check(value: object, _run: Run) -> Findings | None:
        if type(value) is not str:
            return wrong_json_type(value, "a string")
        if value in accepted:
            return None
        if len(value) > LONGEST:
            return too_long(LONGEST)
        if not fits(value):
            return fault("value", f"This is not {wanted}.")
        if len(value) < 200:
            if len(accepted) >= _REMEMBERED:
                accepted.clear()
            accepted.add(value)
        return None

    return check


def check_boolean(value: object, _run: Run) -> Findings | None:
    """Check a boolean."""
    if value is True or value is False:
        return None
    return wrong_json_type(value, "true or false")


def check_decimal(value: object, _run: Run) -> Findings | None:
    """Check a decimal: its digits are kept as sent, so there may not be without end."""
    if type(value) is int:
        # The power is compared, not the text: writing a huge integer takes quadratic time.
        return None if abs(value) < 10**_MOST_DIGITS else fault("value", _TOO_MANY_DIGITS)
    if type(value) is not LosslessFloat:
        return wrong_json_type(value, "a number")
    digits = bytes(value)
    if len(digits) <= _MOST_DIGITS and b"e" not in digits and b"E" not in digits:
        return None
    mantissa, _, exponent = digits.lower().partition(b"e")
    if len(mantissa.strip(b"-").replace(b".", b"")) > _MOST_DIGITS:
        return fault("value", _TOO_MANY_DIGITS)
    if exponent and (len(exponent) > 5 or abs(int(exponent)) > _LARGEST_EXPONENT):
        return fault("value", f"A number's exponent may not be beyond ±{_LARGEST_EXPONENT}.")
    return None


def check_base64(value: object, _run: Run) -> Findings | None:
    """Check base64Binary by decoding it: the published expression is exponential."""
    if type(value) is not str:
        return wrong_json_type(value, "a string")
    if len(value) > _LONGEST_BASE64:
        return too_long(_LONGEST_BASE64)
    try:
        decoded = binascii.a2b_base64(value.translate(_blanks), strict_mode=True)
    except ValueError:
        decoded = b""
    return None if decoded else fault("value", "This is not base64 data.")


def _integer_checker(least: int, wanted: str) -> Checker:
    def check(value: object, _run: Run) -> Findings | None:
        if type(value) is int and least <= value <= 2_147_483_647:
            return None
        if type(value) not in NUMBERS:
            return wrong_json_type(value, "a number")
        return fault("value", f"This must be {wanted}.")

    return check


def _pattern_checker(pattern: str, wanted: str) -> Checker:
    return text_checker(re.compile(pattern).fullmatch, wanted)


_check_uri = _pattern_checker(r"[^\x00-\x20]+", "a URI: it may not be empty or hold blanks")

PRIMITIVES: Mapping[str, Checker] = {
    "base64Binary": check_base64,
    "boolean": check_boolean,
    "canonical": _check_uri,
    "code": _pattern_checker(
        r"[^\x00-\x20]+(?:[ \t\r\n][^\x00-\x20]+)*",
        "a code: no blank at either end, no two in a row",
    ),
    "date": text_checker(is_date, "a date: YYYY, YYYY-MM or YYYY-MM-DD, of a day that exists"),
    "dateTime": text_checker(
        is_date_time,
        "a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a zone",
    ),
    "decimal": check_decimal,
    "id": _pattern_checker(
        r"[A-Za-z0-9.-]{1,64}", "an id: 1 to 64 letters, digits, hyphens and dots"
    ),
    "instant": text_checker(is_instant, "an instant: YYYY-MM-DDThh:mm:ss.sss with a zone"),
    "integer": _integer_checker(-2_147_483_648, "an integer of 32 bits"),
    "markdown": check_string,
    "oid": _pattern_checker(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", "an OID: urn:oid:1.2.3"),
    "positiveInt": _integer_checker(1, "an integer from 1 to 2,147,483,647"),
    "string": check_string,
    "time": text_checker(is_time, "a time: hh:mm:ss without a zone"),
    "unsignedInt": _integer_checker(0, "an integer from 0 to 2,147,483,647"),
    "uri": _check_uri,
    "url": _check_uri,
    "uuid": _pattern_checker(
        r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "a UUID: urn:uuid: and lower case digits",
    ),
    "xhtml": check_xhtml,
}
