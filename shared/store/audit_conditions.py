"""The criteria of a search of the audit, and what its caller may see, as conditions on its rows.

A row is `a`.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import moment as to_datetime
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.query import Chain, Criterion, Missing
from shared.fhir.search.values import Moment, Target, Token
from shared.store.audit_chains import chained
from shared.store.audit_codes import (
    ACTION_SYSTEM,
    ACTIONS,
    DISCLOSE,
    FETCHED,
    FETCHED_BY,
    FETCHED_WITH,
    FETCHES,
    INTERACTION_SYSTEM,
    LIFECYCLE_SYSTEM,
    OUTCOME_SYSTEM,
    OUTCOMES,
    UNNAMED,
)
from shared.store.audit_ids import position_of
from shared.store.audit_keys import Condition, Keys, column
from shared.store.audit_told import missing, told
from shared.store.narrowing import narrowed, patient_keys
from shared.store.search.dates import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shared.access.access import Access
    from shared.fhir.search.query import Restriction
    from shared.store.narrowing import Use
    from shared.store.search.arguments import Arguments, Bound

# What was refused has an index of its own.
REFUSALS: Final = Keys("(SELECT) AS k", "a.status >= 400", "a.status >= 400", 1)
# What a partner fetched.
FETCHED_ROW: Final = (
    f"(a.interaction IN ({', '.join(map(repr, FETCHES))}) AND a.caller LIKE '{FETCHED_BY}%' "
    f"AND a.type IN ({', '.join(map(str, sorted(FETCHED)))}) AND a.status = {FETCHED_WITH})"
)


def conditions(
    criteria: Sequence[Restriction],
    access: Access,
    args: Arguments,
    secret: bytes,
    use: Use = "audit",
) -> list[Condition]:
    """Compile all that must hold of a match; those that leave the fewest rows come first."""
    asked = [(_rank(each), _condition(each, access, args, secret)) for each in criteria]
    seen = [(_SEEN, each) for each in visible(access, args, use)]
    refused = [(_REFUSED, Condition((REFUSALS,))) for each in criteria if _asks_for_refusals(each)]
    return [each for _, each in sorted((*asked, *seen, *refused), key=itemgetter(0))]


def _rank(restriction: Restriction) -> int:
    if isinstance(restriction, Chain):
        return _LEADING.index("chain")
    if not isinstance(restriction, Criterion) or restriction.modifier == "not":
        return len(_LEADING)
    code = restriction.parameter.code
    return _LEADING.index(code) if code in _LEADING else len(_LEADING)


def _condition(
    restriction: Restriction, access: Access, args: Arguments, secret: bytes
) -> Condition:
    if isinstance(restriction, Chain):
        return chained(restriction, access, args)
    if isinstance(restriction, Missing):
        return Condition(test_only=missing(restriction))
    assert isinstance(restriction, Criterion)  # noqa: S101 - nothing else is read of a view
    found = _sought(restriction, args, secret)
    if restriction.modifier == "not":
        return Condition(test_only=f"({found.test}) IS NOT TRUE")
    return found


def _sought(criterion: Criterion, args: Arguments, secret: bytes) -> Condition:
    code = criterion.parameter.code
    if code == "_id":
        return at_ids(_codes_in(criterion), args, secret)
    if code in _OF_COLUMNS and criterion.modifier not in _TOLD:
        return _OF_COLUMNS[code](criterion, args)
    return Condition(test_only=told(criterion, args))


def visible(access: Access, bound: Bound, use: Use = "audit") -> Iterator[Condition]:
    """Compile what a caller may see: rows about their patients, and of their types."""
    narrowing = narrowed(use, access)
    if narrowing.patients is not None:
        yield Condition((_patients(narrowing.patients, bound),), is_bound=True)
    if narrowing.types is None:
        return
    if "AuditEvent" in narrowing.types:
        codes = bound.bind(sorted(TYPE_CODE[name] for name in narrowing.types), "smallint[]")
        yield Condition((column("type", codes, len(narrowing.types)),), is_bound=True)
    else:
        yield Condition(test_only="false", is_bound=True)


def at_ids(ids: Iterable[str], bound: Bound, secret: bytes) -> Condition:
    """Find rows by their ids; what is none is nowhere."""
    positions = {position_of(each, secret) for each in ids}
    found = sorted(each for each in positions if each is not None)
    return Condition((column("position", bound.bind(found, "bigint[]"), len(found)),))


def _patients(ids: Iterable[str], bound: Bound) -> Keys:
    wanted = sorted(set(ids))
    return column("patient", f"ARRAY({patient_keys(bound.bind(wanted, 'text[]'))})", len(wanted))


def _codes_in(criterion: Criterion) -> list[str]:
    return [each.code or "" for each in criterion.values if isinstance(each, Token)]


def _targets(criterion: Criterion) -> list[tuple[str, str]]:
    found = (value for value in criterion.values if isinstance(value, Target))
    return sorted({(name, each.id) for each in found if each.id for name in each.types})


def _entity(criterion: Criterion, bound: Bound) -> Condition:
    targets = _targets(criterion)
    types = bound.bind([TYPE_CODE[name] for name, _ in targets], "smallint[]")
    ids = bound.bind([logical_id for _, logical_id in targets], "text[]")
    relation, join = f"unnest({types}, {ids}) AS k(type, id)", "a.type = k.type AND a.id = k.id"
    # With OFFSET the planner cannot make a join of the test.
    test = f"EXISTS (SELECT FROM {relation} WHERE {join} OFFSET 0)"
    patients = [logical_id for name, logical_id in targets if name == "Patient"]
    return Condition((Keys(relation, join, test, len(targets)), _patients(patients, bound)))


def _patient(criterion: Criterion, bound: Bound) -> Condition:
    """Find what is about a patient, and what they asked for themselves."""
    about, asked_by = _entity(criterion, bound), _agent(criterion, bound)
    return Condition((*about.alternatives, *asked_by.alternatives))


def _agent(criterion: Criterion, bound: Bound) -> Condition:
    callers = [f"{name}/{logical_id}" for name, logical_id in _targets(criterion)]
    return Condition((column("caller", bound.bind(callers, "text[]"), len(callers)),))


def _subtype(criterion: Criterion, bound: Bound) -> Condition:
    named = sorted(ACTIONS.keys() - {UNNAMED, DISCLOSE})
    codes = _codes(criterion, INTERACTION_SYSTEM, named)
    disclosed = _codes(criterion, LIFECYCLE_SYSTEM, [DISCLOSE])
    asked = codes + disclosed
    found = column("interaction", bound.bind(asked, "text[]"), len(asked))
    return Condition((found, _fetched(bound)) if disclosed else (found,))


def _fetched(bound: Bound) -> Keys:
    """Find what partners fetched."""
    read = column("interaction", bound.bind(list(FETCHES), "text[]"))
    join, test = f"{read.join} AND {FETCHED_ROW}", f"({read.test} AND {FETCHED_ROW})"
    return Keys(read.relation, join, test, len(FETCHES))


def _action(criterion: Criterion, bound: Bound) -> Condition:
    codes = _codes(criterion, ACTION_SYSTEM, sorted(set(ACTIONS.values())))
    interactions = [name for name, action in ACTIONS.items() if action in codes]
    array = bound.bind(interactions, "text[]")
    return Condition((column("interaction", array, len(interactions)),))


def _outcome(criterion: Criterion, _bound: Bound) -> Condition:
    ranges = (OUTCOMES[code] for code in _codes(criterion, OUTCOME_SYSTEM, list(OUTCOMES)))
    tests = [f"a.status >= {low:d} AND a.status < {high:d}" for low, high in ranges]
    return Condition(test_only=f"({' OR '.join(tests) or 'false'})")


def _asks_for_refusals(restriction: Restriction) -> bool:
    if not isinstance(restriction, Criterion) or restriction.parameter.code != "outcome":
        return False
    if restriction.modifier not in {None, "not"}:
        return False
    asks_for_done = "0" in _codes(restriction, OUTCOME_SYSTEM, list(OUTCOMES))
    return asks_for_done == (restriction.modifier == "not")


def _codes(criterion: Criterion, system: str, valid: list[str]) -> list[str]:
    """Name the codes that are asked for; what is none of them, or of another system, is nowhere."""
    tokens = [value for value in criterion.values if isinstance(value, Token)]
    return [
        code
        for code in valid
        if any(each.system in {None, system} and each.code in {None, code} for each in tokens)
    ]


def _recorded(criterion: Criterion, bound: Bound) -> Condition:
    moments = [value for value in criterion.values if isinstance(value, Moment)]
    tests = " OR ".join(_within(each, bound) for each in moments)
    is_range = len(moments) == 1 and moments[0].prefix != "ne"
    return Condition(test_only=f"({tests})", is_bound=is_range)


def _within(moment: Moment, bound: Bound) -> str:
    """Compare a point in time, which every prefix but one holds against one range."""
    low, high = (moment.low, moment.high) if moment.prefix == "ne" else reach(moment)
    first, end = (bound.bind(to_datetime(each), "timestamptz") for each in (low, high))
    if moment.prefix == "ne":
        return f"(a.recorded < {first} OR a.recorded >= {end})"
    return f"(a.recorded >= {first} AND a.recorded < {end})"


_OF_COLUMNS: Final[Mapping[str, Callable[[Criterion, Bound], Condition]]] = {
    "entity": _entity,
    "patient": _patient,
    "agent": _agent,
    "subtype": _subtype,
    "action": _action,
    "outcome": _outcome,
    "date": _recorded,
    "_lastUpdated": _recorded,
}
# In the order in which they leave few rows; what a caller may see stands among them.
_LEADING: Final = (
    "_id", "entity", "patient", "seen", "chain", "agent", "refused", "subtype", "action",
)  # fmt: skip
_SEEN: Final = _LEADING.index("seen")
_REFUSED: Final = _LEADING.index("refused")
# What is asked of texts and identifiers, no index answers.
_TOLD: Final = frozenset({"text", "identifier"})
