"""Finds the code systems of the record that say that the case of their codes does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.code_case import ANY_CASE
from shared.fhir.search.terms import hash_term
from shared.store.narrowing import narrowed
from shared.store.search.arguments import TENANT, Statement

if TYPE_CHECKING:
    from shared.access.access import Access

_SYSTEM: Final = TYPE_CODE["CodeSystem"]
# They are nobody's, so who is limited to patients sees none. With `+ 0` their terms find them.
_SQL: Final = (
    "SELECT DISTINCT v.body::jsonb ->> 'url' AS url FROM record.search_row r "
    "JOIN record.resource c ON c.tenant = r.tenant AND c.pk = r.pk "
    "JOIN record.version v ON v.tenant = c.tenant AND v.pk = c.pk AND v.version = c.version "
    f"WHERE r.tenant = {TENANT} AND r.type + 0 = {_SYSTEM} AND r.terms @> ARRAY[$2::bigint] "
    "AND v.body::jsonb ->> 'url' IS NOT NULL"
)


def any_case_statement(access: Access) -> Statement | None:
    """Compile their urls; None for who may see none of them."""
    narrowing = narrowed("matching", access)
    if narrowing.patients is not None or not narrowing.shows("CodeSystem"):
        return None
    return Statement(_SQL, (access.tenant, hash_term(access.tenant, _SYSTEM, ANY_CASE)))
