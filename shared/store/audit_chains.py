"""Chains from the audit: what a row is about, or whose it was or who asked, meets a criterion.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.store.audit_keys import Condition, Keys, column
from shared.store.search.conditions import conditions
from shared.store.search.driving import driven

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.access.access import Access
    from shared.fhir.search.query import Chain
    from shared.store.search.arguments import Arguments


def chained(chain: Chain, access: Access, args: Arguments) -> Condition:
    """Compile a chain; its targets are narrowed like those of any other."""
    found = tuple(
        keys
        for target, restriction in chain.targets
        for keys in _ways(
            chain.parameter.code,
            target,
            driven(conditions(target, [restriction], access, "chain"), args.of(target)),
            args,
        )
    )
    return Condition(found) if found else Condition(test_only="false")


def _ways(code: str, target: str, found: str, args: Arguments) -> Iterator[Keys]:
    """Write how rows lead to targets; their source, a service, is no resource."""
    if code in {"agent", "patient"}:
        yield column("caller", f"ARRAY(SELECT '{target}/' || r.id {found})")
    if code in {"entity", "patient"} and target == "Patient":
        yield column("patient", f"ARRAY(SELECT r.pk {found})")
    if code in {"entity", "patient"}:
        is_type = f"a.type = {args.of(target).type}"
        keys = column("id", f"ARRAY(SELECT r.id {found})")
        yield Keys(keys.relation, f"{is_type} AND {keys.join}", f"({is_type} AND {keys.test})")
