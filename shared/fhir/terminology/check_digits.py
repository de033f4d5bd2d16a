"""Check digits of codes: a code that was mistyped, or made up, does not have its own.

Only LOINC's terms have one (`44261-6`); answers, parts and lists (`LA…`, `LP…`, `LL…`) follow
another rule. https://loinc.org/kb/faq/structure/ and https://docs.snomed.org, Verhoeff's scheme.
"""

from __future__ import annotations

import re
from typing import Final

_TERM: Final = re.compile(r"[0-9]{1,7}-[0-9]")
_CONCEPT: Final = re.compile(r"[1-9][0-9]{5,17}")
# Verhoeff: the multiplication of the dihedral group of order 10, and a permutation by place.
_TIMES: Final = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_PLACES: Final = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def is_loinc_term(code: str) -> bool:
    """Tell whether a code has the form of a LOINC term, which ends in a check digit."""
    return _TERM.fullmatch(code) is not None


def loinc_check_digit(code: str) -> str:
    """Give the check digit that a LOINC term should have (Luhn, modulo 10)."""
    digits = code.partition("-")[0]
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits)))
    return str(-sum(each // 10 + each % 10 for each in doubled) % 10)


def is_snomed_concept(code: str) -> bool:
    """Tell whether a code has the form of a SNOMED CT identifier."""
    return _CONCEPT.fullmatch(code) is not None


def has_snomed_check_digit(code: str) -> bool:
    """Tell whether a SNOMED CT identifier ends in its check digit."""
    checked = "0"
    for place, digit in enumerate(reversed(code)):
        checked = _TIMES[int(checked)][int(_PLACES[place % 8][int(digit)])]
    return checked == "0"
