"""Chains: a reference whose target, that exists and may be seen, meets a criterion of its own.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.store.search.condition import Condition, Elsewhere
from shared.store.search.driving import driven, row_of
from shared.store.search.links import has_few_referrers, link_term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.fhir.search.parameters import Parameter
    from shared.store.search.arguments import Arguments


def chain(parameter: Parameter, targets: Mapping[str, Sequence[Condition]]) -> Condition:
    """Compile a chain: what must hold of a target, by its type."""

    def probe(args: Arguments) -> str:
        ways = (
            row_of(conditions, _is_target(parameter, args, args.of(target)), args.of(target))
            for target, conditions in targets.items()
        )
        found = " OR ".join(f"EXISTS ({way})" for way in ways)
        return (
            "EXISTS (SELECT FROM (SELECT r.terms, k.pk FROM unnest(r.targets) AS k(pk)) o "
            f"WHERE {found} OFFSET 0)"
        )

    def find(args: Arguments) -> str:
        return " UNION ALL ".join(
            f"SELECT {link_term(parameter, args, args.of(target))} AS key "
            f"{driven(conditions, args.of(target))}"
            for target, conditions in targets.items()
        )

    elsewhere = Elsewhere(find, lambda keys: f"r.terms && {keys}")
    return Condition(
        probe,
        elsewhere.drive,
        "terms",
        is_selective=all(
            has_few_referrers(target) and any(each.is_selective for each in conditions)
            for target, conditions in targets.items()
        ),
        elsewhere=elsewhere,
    )


def _is_target(parameter: Parameter, source: Arguments, target: Arguments) -> str:
    """Write what makes a row the target `o` of the parameter, and not of another."""
    term = link_term(parameter, source, target)
    return f"r.type = {target.type} AND r.pk = o.pk AND {term} = ANY(o.terms)"
