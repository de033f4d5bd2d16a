"""The compartment of a resource, as a condition on a search row.

https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.terms import target_term
from shared.store.search.arguments import TENANT
from shared.store.search.condition import Condition

if TYPE_CHECKING:
    from shared.fhir.search.query import InCompartment
    from shared.store.search.arguments import Arguments


def in_compartment(compartment: InCompartment) -> Condition:
    """Compile what puts a resource into a compartment: a reference by one of its parameters."""
    kind, logical_id = compartment.type, compartment.id
    terms = [target_term(each.number, kind, logical_id) for each in compartment.parameters]

    def refers(args: Arguments) -> str:
        return f"r.terms && {args.bind_terms(terms)}"

    if not compartment.holds_itself:
        return Condition.same(refers, "terms", is_selective=True)

    def itself(args: Arguments) -> str:
        own = (
            f"SELECT c.pk FROM record.resource c WHERE c.tenant = {TENANT} "
            f"AND c.type = {TYPE_CODE[kind]} AND c.id = {args.bind(logical_id, 'text')}"
        )
        others = (
            f"SELECT r.pk FROM record.search_row r WHERE r.tenant = {TENANT} "
            f"AND r.type + 0 = {args.type} AND {refers(args)}"
        )
        return f"r.pk = ANY(ARRAY({own} UNION ALL {others}))"

    return Condition.same(itself, "keys", is_selective=True)
