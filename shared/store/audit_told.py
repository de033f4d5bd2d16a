"""The criteria of a search of the audit by what follows from other columns, or is always the same.

What an AuditEvent of ours never tells, such as a site, is found nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.fold import fold
from shared.fhir.search.values import Text, Token
from shared.store.audit_codes import (
    DICOM_SYSTEM,
    DISCLOSE,
    ENTITY_TYPE_SYSTEM,
    EVENT_TYPE_SYSTEM,
    EXPORT,
    REQUEST_TYPE_SYSTEM,
    ROLE_SYSTEM,
    SEARCHES,
    UNNAMED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.search.query import Criterion, Missing

_SEARCHED: Final = "a.interaction IN ('{}')".format("', '".join(sorted(SEARCHES)))
_RESOURCE: Final = f"(a.type IS NOT NULL AND NOT {_SEARCHED})"
_PERSON: Final = "a.patient IS NOT NULL"
_ADDRESS: Final = "(a.type IS NOT NULL OR a.id IS NOT NULL)"
_QUERY: Final = f"(a.query IS NOT NULL OR {_SEARCHED} AND {_ADDRESS})"
_NAME: Final = f"({_RESOURCE} AND a.id IS NULL)"
# The codes that an AuditEvent may have, each with what holds of its row.
_CODES: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "type": (
        (EVENT_TYPE_SYSTEM, "rest", f"a.interaction <> '{DISCLOSE}'"),
        (DICOM_SYSTEM, EXPORT, f"a.interaction = '{DISCLOSE}'"),
    ),
    "entity-type": (
        (ENTITY_TYPE_SYSTEM, "1", _PERSON),
        (ENTITY_TYPE_SYSTEM, "2", f"({_RESOURCE} OR {_QUERY})"),
        (REQUEST_TYPE_SYSTEM, "XrequestId", "true"),
    ),
    "entity-role": (
        (ROLE_SYSTEM, "1", _PERSON),
        (ROLE_SYSTEM, "4", _RESOURCE),
        (ROLE_SYSTEM, "24", _QUERY),
    ),
}
# What holds of a row whose AuditEvent has a value of a parameter.
_PRESENT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("_id", "_lastUpdated", "action", "agent", "date", "entity"), "true"),
    **dict.fromkeys(("entity-type", "outcome", "source", "type"), "true"),
    "entity-name": _NAME,
    "entity-role": f"({_RESOURCE} OR {_PERSON} OR {_QUERY})",
    "patient": _PERSON,
    "subtype": f"a.interaction <> '{UNNAMED}'",
}


def told(criterion: Criterion) -> str:
    """Compile what a row must be for an AuditEvent to have one of the values."""
    if criterion.parameter.code == "entity-name":
        return _named(criterion)
    tokens = [value for value in criterion.values if isinstance(value, Token)]
    tests = [
        test
        for system, code, test in _CODES.get(criterion.parameter.code, ())
        if any(each.system in {None, system} and each.code in {None, code} for each in tokens)
    ]
    return f"({' OR '.join(tests) or 'false'})"


def missing(criterion: Missing) -> str:
    """Compile what a row must be for an AuditEvent to have no value, or some."""
    present = _PRESENT.get(criterion.parameter.code, "false")
    return f"NOT {present}" if criterion.is_missing else present


def _named(criterion: Criterion) -> str:
    """Find rows about no resource of a type, but all: these are named after the type."""
    starts = tuple(each.folded for each in criterion.values if isinstance(each, Text))
    codes = [code for name, code in TYPE_CODE.items() if fold(name).startswith(starts)]
    return f"({_NAME} AND a.type IN ({', '.join(map(str, codes))}))" if codes else "false"
