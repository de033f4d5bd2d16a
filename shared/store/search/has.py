"""`_has`: a resource that another one refers to, which may be seen and meets a criterion.

https://hl7.org/fhir/R4/search.html#has
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.search.links import is_canonical
from shared.store.search.canonicals import all_terms, led_to
from shared.store.search.condition import Condition, Elsewhere
from shared.store.search.driving import OF_TENANT, ROWS, driven, row_of
from shared.store.search.links import link_term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.search.parameters import Parameter
    from shared.store.search.arguments import Arguments


def has(source: str, parameter: Parameter, conditions: Sequence[Condition]) -> Condition:
    """Compile what must hold of a row of the source that refers to `r` by the parameter."""

    def probe(args: Arguments) -> str:
        referring = args.of(source)
        # With `+ 0` the terms find the row, and not the keys of the whole type.
        where = f"r.type + 0 = {referring.type} AND r.terms @> ARRAY[o.term]"
        terms = f"SELECT {link_term(parameter, referring, args)}"
        if is_canonical(parameter):
            terms = all_terms(parameter, "r", referring, args)
        return (
            f"EXISTS (SELECT FROM ({terms}) o(term) "
            f"WHERE EXISTS ({row_of(conditions, where, referring)}) OFFSET 0)"
        )

    def find(args: Arguments) -> str:
        referring = args.of(source)
        if is_canonical(parameter):
            return (
                f"SELECT d.pk AS key FROM (SELECT r.pk, r.terms {driven(conditions, referring)} "
                "OFFSET 0) s CROSS JOIN LATERAL "
                f"({led_to(parameter, 's', [args.resource_type], referring)}) d"
            )
        return (
            f"SELECT t.pk AS key FROM (SELECT r.terms, r.targets {driven(conditions, referring)} "
            "OFFSET 0) s CROSS JOIN unnest(s.targets) AS k(pk) CROSS JOIN LATERAL "
            f"(SELECT r.pk FROM {ROWS} WHERE {OF_TENANT} AND r.type = {args.type} "
            f"AND r.pk = k.pk AND {link_term(parameter, referring, args)} = ANY(s.terms) "
            "OFFSET 0) t"
        )

    elsewhere = Elsewhere(find, lambda keys: f"r.pk = ANY({keys})")
    is_selective = any(each.is_selective for each in conditions)
    return Condition(probe, elsewhere.drive, "keys", is_selective, elsewhere)
