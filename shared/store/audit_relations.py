"""How AuditEvents lead to what they tell of, and back: for `_has`, chains to them, and includes.

No search row tells of an AuditEvent. So what a search asks of some is found among the rows of the
audit first, each narrowed for its use, and the search goes on by the ids that these lead to.

https://hl7.org/fhir/R4/search.html#has
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from shared.fhir.search.parameters import is_view, served_parameters
from shared.fhir.search.query import Chain, Criterion, Has, Query
from shared.fhir.search.values import Target, Token
from shared.store.audit_conditions import conditions
from shared.store.audit_told import RESOURCE
from shared.store.audit_walks import Walk
from shared.store.search.arguments import TENANT, Arguments, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shared.access.access import Access
    from shared.fhir.search.query import Include, Restriction
    from shared.store.version import Key

VIEW: Final = "AuditEvent"
# So many rows at most are followed to what they tell of.
MOST_FOLLOWED: Final = 10_000
_RESOURCES: Final = f"SELECT a.type, a.id FROM told a WHERE a.id IS NOT NULL AND {RESOURCE}"
_PATIENTS: Final = (
    f"SELECT {TYPE_CODE['Patient']}::smallint, p.id FROM (SELECT DISTINCT a.patient FROM told a) m "
    f"CROSS JOIN LATERAL (SELECT p.id FROM record.resource p WHERE p.tenant = {TENANT} "
    "AND p.pk = m.patient OFFSET 0) p"
)
_CALLERS: Final = (
    "SELECT n.type, split_part(a.caller, '/', 2) FROM told a "
    "JOIN unnest({types}, {names}) AS n(type, name) ON n.name = split_part(a.caller, '/', 1)"
)

# A service is told of by its name, and is no resource.
_NOTHING: Final = "SELECT 0::smallint, '' WHERE false"


def asks_of_events(restriction: Restriction) -> bool:
    """Tell whether a search of something else asks anything of AuditEvents."""
    if isinstance(restriction, Has):
        return is_view(restriction.type) or asks_of_events(restriction.criterion)
    if isinstance(restriction, Chain):
        return any(is_view(name) or asks_of_events(each) for name, each in restriction.targets)
    return False


def shows_events(includes: Iterable[Include]) -> bool:
    """Tell whether AuditEvents are shown beside what they tell of."""
    return any(each.is_reverse and is_view(each.source) for each in includes)


def told_statement(has: Has, access: Access, *, secret: bytes) -> Statement:
    """Compile the types and ids of all that AuditEvents which meet a criterion tell of.

    Beside them stands how many these are, up to one more than are followed, and whether more rows
    might be among them than were looked at.
    """
    args = Arguments(access.tenant, VIEW)
    walk = Walk(conditions([has.criterion], access, args, secret, "has"))
    limit = MOST_FOLLOWED + 1
    ways = " UNION ".join(_ways(has.parameter.code, args))
    return args.statement(
        f"WITH found AS MATERIALIZED "
        f"(SELECT w.position FROM ({walk.rows(limit)}) w LIMIT {limit:d}), "
        "told AS MATERIALIZED (SELECT a.* FROM found f CROSS JOIN LATERAL "
        "(SELECT a.type, a.id, a.patient, a.caller, a.interaction FROM record.audit a "
        f"WHERE a.tenant = {TENANT} AND a.position = f.position OFFSET 0) a), "
        f"ends(type, id) AS MATERIALIZED ({ways}) "
        f"SELECT (SELECT count(*) FROM found) > {MOST_FOLLOWED:d} "
        f"OR {walk.is_cut() if walk.is_cut_off else 'false'}, "
        "ARRAY(SELECT e.type FROM ends e ORDER BY e.type, e.id), "
        "ARRAY(SELECT e.id FROM ends e ORDER BY e.type, e.id)"
    )


def _ways(code: str, args: Arguments) -> Iterator[str]:
    if code in {"entity", "patient"}:
        yield _RESOURCES
        yield _PATIENTS
    if code in {"agent", "patient"}:
        codes = args.bind(list(TYPE_NAME), "smallint[]")
        names = args.bind(list(TYPE_NAME.values()), "text[]")
        yield _CALLERS.format(types=codes, names=names)
    if code == "source":
        yield _NOTHING


def with_ids(resource_type: str, ids: Iterable[str]) -> Criterion:
    """Ask for resources of a type by their ids."""
    parameter = served_parameters(resource_type)["_id"]
    return Criterion(parameter, None, tuple(Token(None, each) for each in ids))


def leading_to(chain: Chain, ids: Iterable[str]) -> Criterion:
    """Ask for what leads to AuditEvents by their ids."""
    return Criterion(chain.parameter, None, tuple(Target((VIEW,), each) for each in ids))


def events_of(criterion: Restriction, count: int) -> Query:
    """Ask for the newest AuditEvents that meet a criterion."""
    return Query(VIEW, (criterion,), count=count)


def telling_of(include: Include, shown: Sequence[Key]) -> Criterion:
    """Ask for the AuditEvents that tell of what is shown."""
    targets = tuple(Target((each.type,), each.id) for each in shown)
    return Criterion(include.parameter, None, targets)


def events_told_statement(positions: Sequence[int], access: Access) -> Statement:
    """Compile the ids of the AuditEvents that rows of the audit tell of, at their positions."""
    args = Arguments(access.tenant, VIEW)
    rows = args.bind(sorted(positions), "bigint[]")
    return args.statement(
        "SELECT DISTINCT a.id FROM record.audit a "
        f"WHERE a.tenant = {TENANT} AND a.position = ANY({rows}) "
        f"AND a.type = {TYPE_CODE[VIEW]} AND a.id IS NOT NULL AND {RESOURCE}"
    )
