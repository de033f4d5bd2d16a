"""The criteria of a search of the audit by what follows from other columns, or is always the same.

What an AuditEvent of ours never tells, such as a site, is found nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.fold import fold
from shared.fhir.search.values import LogicalTarget, Text, Token
from shared.store.audit_codes import (
    DICOM_SYSTEM,
    DISCLOSE,
    ENTITY_TYPE_SYSTEM,
    EVENT_TYPE_SYSTEM,
    EXPORT,
    REQUEST_TYPE_SYSTEM,
    ROLE_SYSTEM,
    SEARCHES,
    SERVICE_SYSTEM,
    UNNAMED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.search.query import Criterion, Missing
    from shared.fhir.search.values import Value
    from shared.store.search.arguments import Bound

_SEARCHED: Final = "a.interaction IN ('{}')".format("', '".join(sorted(SEARCHES)))
RESOURCE: Final = f"(a.type IS NOT NULL AND NOT {_SEARCHED})"
_PERSON: Final = "a.patient IS NOT NULL"
_ADDRESS: Final = "(a.type IS NOT NULL OR a.id IS NOT NULL)"
_QUERY: Final = f"(a.query IS NOT NULL OR {_SEARCHED} AND {_ADDRESS})"
NAMED: Final = f"({RESOURCE} AND a.id IS NULL)"
# A Patient is told of as the resource itself, or as who asked.
IS_OF_PATIENT: Final = f"({RESOURCE} AND a.type = {TYPE_CODE['Patient']} AND a.id IS NOT NULL)"
BY_PATIENT: Final = "(a.caller LIKE 'Patient/%')"
# The codes that an AuditEvent may have, what each is called, and what holds of its row.
CODES: Final[Mapping[str, tuple[tuple[str, str, str, str], ...]]] = {
    "type": (
        (EVENT_TYPE_SYSTEM, "rest", "RESTful Operation", f"a.interaction <> '{DISCLOSE}'"),
        (DICOM_SYSTEM, EXPORT, "Export", f"a.interaction = '{DISCLOSE}'"),
    ),
    "entity-type": (
        (ENTITY_TYPE_SYSTEM, "1", "Person", _PERSON),
        (ENTITY_TYPE_SYSTEM, "2", "System Object", f"({RESOURCE} OR {_QUERY})"),
        (REQUEST_TYPE_SYSTEM, "XrequestId", "", "true"),
    ),
    "entity-role": (
        (ROLE_SYSTEM, "1", "Patient", _PERSON),
        (ROLE_SYSTEM, "4", "Domain Resource", RESOURCE),
        (ROLE_SYSTEM, "24", "Query", _QUERY),
    ),
}
# What holds of a row whose AuditEvent has a value of a parameter.
_PRESENT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("_id", "_lastUpdated", "action", "agent", "date", "entity"), "true"),
    **dict.fromkeys(("entity-type", "outcome", "source", "type"), "true"),
    "entity-name": NAMED,
    "entity-role": f"({RESOURCE} OR {_PERSON} OR {_QUERY})",
    "patient": f"coalesce({_PERSON} OR {IS_OF_PATIENT} OR {BY_PATIENT}, false)",
    "subtype": f"a.interaction <> '{UNNAMED}'",
}


# What identifies the parts of an AuditEvent: a system, the value in a row, and whose row has it.
_IDENTIFIERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "agent": (SERVICE_SYSTEM, "a.service || '_api'", f"a.interaction = '{DISCLOSE}'"),
    "entity": ("", "a.request_id", "true"),
    "source": (SERVICE_SYSTEM, "a.service || '_api'", "true"),
}


def told(criterion: Criterion, bound: Bound) -> str:
    """Compile what a row must be for an AuditEvent to have one of the values."""
    if criterion.parameter.code == "entity-name":
        return _named(criterion)
    if criterion.modifier == "identifier":
        return _identified(criterion, bound)
    tests = [
        test
        for system, code, called, test in CODES.get(criterion.parameter.code, ())
        if any(_is_meant(each, system, code, fold(called)) for each in criterion.values)
    ]
    return f"({' OR '.join(tests) or 'false'})"


def _is_meant(value: Value, system: str, code: str, called: str) -> bool:
    if isinstance(value, Text):
        return called.startswith(value.folded)
    if not isinstance(value, Token):
        return False
    return value.system in {None, system} and value.code in {None, code}


def _identified(criterion: Criterion, bound: Bound) -> str:
    if criterion.parameter.code not in _IDENTIFIERS:
        return "false"
    system, value, test = _IDENTIFIERS[criterion.parameter.code]
    asked = [each.token for each in criterion.values if isinstance(each, LogicalTarget)]
    meant = [each for each in asked if each.system in {None, system}]
    if any(each.code is None for each in meant):
        return test
    texts = bound.bind([each.code for each in meant], "text[]")
    return f"({test} AND {value} = ANY({texts}))"


def missing(criterion: Missing) -> str:
    """Compile what a row must be for an AuditEvent to have no value, or some."""
    present = _PRESENT.get(criterion.parameter.code, "false")
    return f"NOT {present}" if criterion.is_missing else present


def _named(criterion: Criterion) -> str:
    """Find rows about no resource of a type, but all: these are named after the type."""
    texts = [each for each in criterion.values if isinstance(each, Text)]
    codes = [
        code
        for name, code in TYPE_CODE.items()
        if any(_is_called(name, each, criterion.modifier) for each in texts)
    ]
    return f"({NAMED} AND a.type IN ({', '.join(map(str, codes))}))" if codes else "false"


def _is_called(name: str, text: Text, modifier: str | None) -> bool:
    if modifier == "exact":
        return name == text.exact
    return (
        text.folded in fold(name) if modifier == "contains" else fold(name).startswith(text.folded)
    )
