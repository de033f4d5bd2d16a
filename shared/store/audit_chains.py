"""Chains from the audit: what a row is about, or whose it was or who asked, meets a criterion.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.store.audit_keys import Condition, Keys, column
from shared.store.search.arguments import Arguments, Statement
from shared.store.search.conditions import conditions
from shared.store.search.driving import driven

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.access.access import Access
    from shared.fhir.search.query import Chain, Restriction

# So many ends of a chain are followed to the rows that lead to them.
MOST_ENDS: Final = 1_000


def chained(chain: Chain, access: Access, args: Arguments) -> Condition:
    """Compile a chain; its targets are narrowed like those of any other."""
    found = tuple(
        keys
        for target, restriction in chain.targets
        for keys in _ways(
            chain.parameter.code,
            target,
            f"{_found(target, restriction, access, args)} LIMIT {MOST_ENDS:d}",
            args,
        )
    )
    return Condition(found) if found else Condition(test_only="false")


def wide_statement(chain: Chain, access: Access) -> Statement:
    """Compile whether a chain has more ends than are followed."""
    args = Arguments(access.tenant, "AuditEvent")
    tests = (
        f"EXISTS (SELECT {_found(*each, access, args)} OFFSET {MOST_ENDS:d})"
        for each in chain.targets
    )
    return args.statement(f"SELECT {' OR '.join(tests)}")


def _found(target: str, restriction: Restriction, access: Access, args: Arguments) -> str:
    return driven(conditions(target, [restriction], access, "chain"), args.of(target))


def _ways(code: str, target: str, found: str, args: Arguments) -> Iterator[Keys]:
    """Write how rows lead to targets; their source, a service, is no resource."""
    if code in {"agent", "patient"}:
        # Ids have a collation of their own, by which the index of callers is not ordered.
        caller = f"('{target}/' || r.id) COLLATE \"default\""
        yield column("caller", f"ARRAY(SELECT {caller} {found})")
    if code in {"entity", "patient"} and target == "Patient":
        yield column("patient", f"ARRAY(SELECT r.pk {found})")
    if code in {"entity", "patient"}:
        is_type = f"a.type = {args.of(target).type}"
        keys = column("id", f"ARRAY(SELECT r.id {found})")
        yield Keys(keys.relation, f"{is_type} AND {keys.join}", f"({is_type} AND {keys.test})")
