"""The order of rows of the audit by what their AuditEvents tell.

By time an index has them. By anything else what matches is sorted, so a search is narrowed for that
to what can be: no column holds what is told, and most of it follows from several.

https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_NAME
from shared.fhir.search.fold import fold
from shared.store.audit_codes import ACTIONS, DISCLOSE, OUTCOMES, UNNAMED
from shared.store.audit_conditions import FETCHED_ROW
from shared.store.audit_told import BY_PATIENT, CODES, IS_OF_PATIENT, NAMED, RESOURCE
from shared.store.search.order import Order, SortKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from shared.fhir.search.query import Query, Sort
    from shared.store.search.arguments import Bound

# So many rows at most are sorted.
MOST_SORTED: Final = 10_000
_TIMES: Final = frozenset({"date", "_lastUpdated"})
_WHOSE: Final = "'Patient/' || p.id"


def is_by_time(query: Query) -> bool:
    """Tell whether an index has the matches in their order."""
    return all(each.parameter.code in _TIMES for each in _told(query.sort))


def is_newest_first(query: Query) -> bool:
    """Tell in which direction the order of time is run, by the first key that is told."""
    sorts = _told(query.sort) or query.sort
    return sorts[0].descending if sorts else True


def audit_order(query: Query, bound: Bound, *, backward: bool) -> Order:
    """Compile the sort of a search; rows of equal keys come by time."""
    keys = [_key(f"key_{n}", each, bound) for n, each in enumerate(_told(query.sort))]
    last = SortKey("key_time", "a.recorded", "timestamptz", is_newest_first(query))
    return Order((*keys, last), backward, query.sort)


def _told(sorts: Iterable[Sort]) -> list[Sort]:
    """Leave out what no AuditEvent tells: they are all equal by it."""
    return [each for each in sorts if each.parameter.code in _TIMES | _TEXTS.keys()]


def _key(name: str, sort: Sort, bound: Bound) -> SortKey:
    if sort.parameter.code in _TIMES:
        return SortKey(name, "a.recorded", "timestamptz", sort.descending)
    texts = ", ".join(f'({each}) COLLATE "C"' for each in _TEXTS[sort.parameter.code](bound))
    first = "GREATEST" if sort.descending else "LEAST"
    return SortKey(name, f"{first}({texts})", "text", sort.descending)


def _actions(_bound: Bound) -> list[str]:
    ways = (f"WHEN '{name}' THEN '{action}'" for name, action in ACTIONS.items())
    return [f"CASE a.interaction {' '.join(ways)} END"]


def _outcomes(_bound: Bound) -> list[str]:
    ways = (f"WHEN a.status < {end:d} THEN '{code}'" for code, (_, end) in OUTCOMES.items())
    return [f"CASE {' '.join(ways)} END"]


def _subtypes(_bound: Bound) -> list[str]:
    disclosed = f"CASE WHEN {FETCHED_ROW} THEN '{DISCLOSE}' END"
    return [f"nullif(a.interaction, '{UNNAMED}')", disclosed]


def _entities(bound: Bound) -> list[str]:
    of_resource = f"{_name(bound, TYPE_NAME)} || '/' || a.id"
    return [f"CASE WHEN {RESOURCE} THEN {of_resource} END", _WHOSE]


def _patients(_bound: Bound) -> list[str]:
    itself = f"CASE WHEN {IS_OF_PATIENT} THEN 'Patient/' || a.id END"
    return [_WHOSE, itself, f"CASE WHEN {BY_PATIENT} THEN a.caller END"]


def _names(bound: Bound) -> list[str]:
    folded = {code: fold(name) for code, name in TYPE_NAME.items()}
    return [f"CASE WHEN {NAMED} THEN {_name(bound, folded)} END"]


def _name(bound: Bound, names: Mapping[int, str]) -> str:
    """Name the type of a row, by the place of its name."""
    places = [names.get(code, "") for code in range(1, max(names) + 1)]
    return f"({bound.bind(places, 'text[]')})[a.type]"


def _codes(parameter: str) -> Callable[[Bound], list[str]]:
    texts = [f"CASE WHEN {test} THEN '{code}' END" for _, code, _, test in CODES[parameter]]
    return lambda _bound: texts


# The texts that an AuditEvent has of a parameter; a service, its source, has no address.
_TEXTS: Final[Mapping[str, Callable[[Bound], list[str]]]] = {
    "action": _actions,
    "agent": lambda _bound: ["a.caller"],
    "entity": _entities,
    "entity-name": _names,
    "entity-role": _codes("entity-role"),
    "entity-type": _codes("entity-type"),
    "outcome": _outcomes,
    "patient": _patients,
    "subtype": _subtypes,
    "type": _codes("type"),
}
