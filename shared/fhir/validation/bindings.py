"""Required bindings: a code that R4 demands from a closed list.

https://hl7.org/fhir/R4/terminologies.html#required
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shared.fhir.definitions import required_codes
from shared.fhir.validation.finding import fault, wrong_json_type
from shared.fhir.validation.primitives import text_checker

if TYPE_CHECKING:
    from shared.fhir.validation.finding import Checker, Findings, Run

_MIME_TYPES = "http://hl7.org/fhir/ValueSet/mimetypes"
# https://datatracker.ietf.org/doc/html/rfc6838#section-4.2, with parameters; and FHIR's short forms
# https://hl7.org/fhir/R4/http.html#mime-type
_mime_type = re.compile(
    r"xml|json|ttl|"
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]*"
    # Like any code it has no blank at its end, and no two in a row.
    r"(?:;[^\x00-\x20]*)?(?: [^\x00-\x20]+)*"
)
_LISTED = 12


def bound_code(value_set_url: str, plain: Checker) -> Checker:
    """Make the checker of a `code`; `plain` checks it where R4 has no list."""
    if value_set_url == _MIME_TYPES:
        return text_checker(_mime_type.fullmatch, "a MIME type: type/subtype")
    pairs = required_codes(value_set_url)
    if pairs is None:
        return plain
    codes = frozenset(code for _, code in pairs)
    allowed = f" Allowed: {', '.join(sorted(codes))}." if len(codes) <= _LISTED else ""

    def check(value: object, _run: Run) -> Findings | None:
        if type(value) is not str:
            return wrong_json_type(value, "a string")
        if value in codes:
            return None
        # What stands there may be anything about a person, so it is not told again.
        return fault("code-invalid", f"This code is not in {value_set_url}.{allowed}")

    return check


def bound_concept(value_set_url: str, plain: Checker) -> Checker:
    """Make the checker of a CodeableConcept, one of whose codings must be in the list."""
    pairs = required_codes(value_set_url)
    if pairs is None:
        return plain

    def check(value: object, run: Run) -> Findings | None:
        found = plain(value, run)
        if found is not None or _codings(value) & pairs:
            return found
        return fault("code-invalid", f"No coding of this concept is in {value_set_url}.")

    return check


def _codings(concept: object) -> set[tuple[str, str]]:
    codings = concept.get("coding", ()) if isinstance(concept, dict) else ()
    return {(coding.get("system", ""), coding.get("code", "")) for coding in codings}
