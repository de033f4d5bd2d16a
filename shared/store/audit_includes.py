"""Compiles what is shown beside rows of the audit: whose they are, what they tell of, who asked.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE
from shared.store.search.arguments import TENANT
from shared.store.search.conditions import conditions
from shared.store.search.driving import row_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.access.access import Access
    from shared.fhir.search.query import Include
    from shared.store.search.arguments import Arguments

_PATIENT: Final = "c.pk = a.patient"
_RESOURCE: Final = "c.type = a.type AND c.id = a.id"
_CALLER: Final = "n.name || '/' || c.id = a.caller AND c.id = split_part(a.caller, '/', 2)"
# How a row leads to a resource `c`, by each parameter; a service, its source, is none.
_LINKS: Final[Mapping[str, tuple[str, ...]]] = {
    "agent": (_CALLER,),
    "entity": (_RESOURCE, _PATIENT),
    "patient": (_RESOURCE, _PATIENT, _CALLER),
}


def referred_by_audit(
    include: Include,
    positions: Sequence[int],
    types: Sequence[str],
    *,
    access: Access,
    args: Arguments,
) -> list[str]:
    """Select the keys of what rows of the audit lead to, as far as it may be seen."""
    # What may be seen of one of these types is what may be seen of each.
    found = conditions(types[0], (), access, "include")
    seen = row_of(found, "r.type = c.type AND r.pk = c.pk", args)
    named = f"unnest({args.bind([TYPE_CODE[each] for each in types], 'smallint[]')}, "
    named += f"{args.bind(list(types), 'text[]')}) AS n(type, name)"
    rows = args.bind(list(positions), "bigint[]")
    return [
        f"SELECT c.pk FROM record.audit a CROSS JOIN {named} "
        f"JOIN record.resource c ON c.tenant = {TENANT} AND c.type = n.type AND {link} "
        f"WHERE a.tenant = {TENANT} AND a.position = ANY({rows}) AND EXISTS ({seen})"
        for link in _LINKS.get(include.parameter.code, ())
    ]
