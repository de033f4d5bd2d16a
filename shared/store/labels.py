"""The profiles, security labels and tags that are in use, of one type or of all.

No index lists labels, so the current resources themselves are read, up to a bound.
https://hl7.org/fhir/R4/resource-operation-meta.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE
from shared.store.narrowing import narrowed, patient_keys
from shared.store.search.arguments import TENANT, Bound, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.access.access import Access

_CURRENT: Final = f"FROM record.resource r WHERE r.tenant = {TENANT} AND NOT r.deleted"


def size_statement(types: Iterable[str], access: Access, most: int) -> Statement:
    """Count the current resources of some types that a caller may see, up to one more than most."""
    bound = Bound((access.tenant,))
    current = _current(types, access, bound)
    return bound.statement(f"SELECT count(*) FROM (SELECT 1 {current} LIMIT {most + 1:d}) r")


def labels_statement(types: Iterable[str], access: Access) -> Statement:
    """Compile a list of (kind, label as JSON), each once, of what a caller may see."""
    bound = Bound((access.tenant,))
    current = _current(types, access, bound)
    return bound.statement(
        "SELECT DISTINCT kind, label::text FROM ("
        f"SELECT v.body::json -> 'meta' AS meta FROM (SELECT r.pk, r.version {current}) r "
        f"JOIN record.version v ON v.tenant = {TENANT} AND v.pk = r.pk AND v.version = r.version"
        ") m, unnest(ARRAY['profile', 'security', 'tag']) AS k(kind), "
        "json_array_elements(m.meta -> kind) AS e(label)"
    )


def _current(types: Iterable[str], access: Access, bound: Bound) -> str:
    narrowing = narrowed("labels", access)
    seen = [TYPE_CODE[name] for name in narrowing.shown(types)]
    sql = f"{_CURRENT} AND r.type = ANY({bound.bind(seen, 'smallint[]')})"
    if narrowing.patients is not None:
        patients = bound.bind(list(narrowing.patients), "text[]")
        sql += f" AND r.patient = ANY(ARRAY({patient_keys(patients)}))"
    return sql
