"""Chains: a reference whose target, that exists and may be seen, meets a criterion of its own.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.fhir.search.links import is_canonical, is_reference
from shared.store.search.canonicals import all_terms, led_to
from shared.store.search.condition import Condition, Elsewhere
from shared.store.search.driving import all_of, driven, row_of
from shared.store.search.links import has_few_referrers, link_term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.fhir.search.parameters import Parameter
    from shared.store.search.arguments import Arguments


class Within(NamedTuple):
    """What must hold of a resource that contains a target, and how it is known to."""

    marker: Parameter
    conditions: Sequence[Condition]


def chain(
    parameter: Parameter,
    targets: Mapping[str, Sequence[Condition]],
    within: Sequence[Within] = (),
) -> Condition:
    """Compile a chain: what must hold of a target, by its type, or of what contains one."""

    def probe(args: Arguments) -> str:
        ways: list[str] = []
        if is_reference(parameter):
            ways.append(_referred(parameter, targets, args))
        if is_canonical(parameter):
            ways.append(_named(parameter, targets, args))
        ways += [all_of(each.probe(args) for each in way.conditions) for way in within]
        return f"({' OR '.join(ways)})"

    def find(args: Arguments) -> str:
        ways = [(parameter, args.of(target), found) for target, found in targets.items()]
        if is_canonical(parameter):
            return " UNION ALL ".join(
                f"SELECT l.key FROM (SELECT r.pk, r.id {driven(conditions, target)} OFFSET 0) k "
                f"CROSS JOIN LATERAL ({all_terms(each, 'k', args, target)}) l(key)"
                for each, target, conditions in ways
            )
        # What contains the target refers to itself, as it were.
        ways += [(each.marker, args, each.conditions) for each in within]
        return " UNION ALL ".join(
            f"SELECT {link_term(each, args, target)} AS key {driven(conditions, target)}"
            for each, target, conditions in ways
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


def _referred(
    parameter: Parameter, targets: Mapping[str, Sequence[Condition]], args: Arguments
) -> str:
    ways = (
        row_of(conditions, _is_target(parameter, args, args.of(target)), args.of(target))
        for target, conditions in targets.items()
    )
    return (
        "EXISTS (SELECT FROM (SELECT r.terms, k.pk FROM unnest(r.targets) AS k(pk)) o "
        f"WHERE {' OR '.join(f'EXISTS ({way})' for way in ways)} OFFSET 0)"
    )


def _named(
    parameter: Parameter, targets: Mapping[str, Sequence[Condition]], args: Arguments
) -> str:
    ways = (
        row_of(conditions, f"r.type = {args.of(target).type} AND r.pk = o.pk", args.of(target))
        for target, conditions in targets.items()
    )
    return (
        f"EXISTS (SELECT FROM ({led_to(parameter, 'r', [*targets], args)}) o "
        f"WHERE {' OR '.join(f'EXISTS ({way})' for way in ways)} OFFSET 0)"
    )


def _is_target(parameter: Parameter, source: Arguments, target: Arguments) -> str:
    """Write what makes a row the target `o` of the parameter, and not of another."""
    term = link_term(parameter, source, target)
    return f"r.type = {target.type} AND r.pk = o.pk AND {term} = ANY(o.terms)"
