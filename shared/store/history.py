"""Compiles a history to SQL: versions of one resource, of a type, or of all, the newest first.

Each type is followed through an index in the order of the page, and no further than the page
needs; who is limited to patients follows each of them. The history of one resource is read by its
own key.
https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import instant, moment
from shared.fhir.definitions import TYPE_CODE
from shared.store.narrowing import narrowed, patient_keys
from shared.store.page_key import PageKey
from shared.store.search.arguments import TENANT, Bound, Statement
from shared.store.statements import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.access.access import Access
    from shared.store.version import Version

_ORDER: Final = "ORDER BY {0}updated DESC, {0}pk DESC, {0}version DESC"
# Whether the version made the resource, or brought it back.
_MADE: Final = (
    "v.version = 1 OR (SELECT b.deleted FROM record.version b "
    f"WHERE b.tenant = {TENANT} AND b.pk = v.pk AND b.version = v.version - 1)"
)


@dataclass(frozen=True, slots=True)
class History:
    """What is asked for: `since` and `at` are microseconds, `at` a half-open range."""

    types: tuple[str, ...]
    id: str | None = None
    count: int = 50
    since: int | None = None
    at: tuple[int, int] | None = None

    @property
    def fingerprint(self) -> bytes:
        """Tell apart histories whose pages do not continue one another."""
        asked = ("history", self.types, self.id, self.since, self.at)
        return sha256(repr(asked).encode()).digest()


def history_place(version: Version) -> PageKey:
    """Make the key of the page that follows a version."""
    return PageKey((instant(version.updated), version.number), version.key.id, version.key.type)


def history_statement(history: History, access: Access, page_key: PageKey | None) -> Statement:
    """Compile a page, and one version more where there is a next page."""
    bound = Bound((access.tenant,))
    limit = f"LIMIT {history.count + 1:d}"
    if history.id is None:
        found = _of_types(history, access, page_key, bound, limit)
    else:
        found = _of_one(history, access, page_key, bound, limit)
    return bound.statement(
        f"WITH page AS MATERIALIZED ({found}) "
        f"SELECT {COLUMNS}, {_MADE} FROM page CROSS JOIN LATERAL ("
        f"SELECT * FROM record.version v WHERE v.tenant = {TENANT} AND v.pk = page.pk "
        f"AND v.version = page.version OFFSET 0) v {_ORDER.format('v.')}"
    )


def _of_types(
    history: History, access: Access, page_key: PageKey | None, bound: Bound, limit: str
) -> str:
    narrowing = narrowed("history-of-types", access)
    seen = [TYPE_CODE[name] for name in narrowing.shown(history.types)]
    codes = bound.bind(seen, "smallint[]")
    walked, of_patient = f"unnest({codes}) AS t(type)", ""
    if narrowing.patients is not None:
        walked += f" CROSS JOIN ({_patients(narrowing.patients, bound)}) p"
        of_patient = " AND v.patient = p.pk"
    beyond = ""
    if page_key is not None:
        updated, number = page_key.values
        at = bound.bind(moment(int(updated or 0)), "timestamptz")
        place = f"{at}, {bound.bind_pk(page_key)}, {bound.bind(number, 'int')}"
        beyond = f" AND (v.updated, v.pk, v.version) < ({place})"
    return (
        f"SELECT w.* FROM {walked} CROSS JOIN LATERAL ("
        f"SELECT v.updated, v.pk, v.version FROM record.version v "
        f"WHERE v.tenant = {TENANT} AND v.type = t.type AND v.pk > 0{of_patient}"
        f"{_when(history, bound)}{beyond} {_ORDER.format('v.')} {limit}) w "
        f"{_ORDER.format('w.')} {limit}"
    )


def _of_one(
    history: History, access: Access, page_key: PageKey | None, bound: Bound, limit: str
) -> str:
    [resource_type] = history.types
    code = bound.bind(TYPE_CODE[resource_type], "smallint")
    where = f"r.tenant = {TENANT} AND r.type = {code} AND r.id = {bound.bind(history.id, 'text')}"
    narrowing = narrowed("history-of-one", access)
    if not narrowing.shows(resource_type):
        where += " AND false"
    if narrowing.patients is not None:
        where += f" AND v.patient = ANY(ARRAY({_patients(narrowing.patients, bound)}))"
    if page_key is not None:
        where += f" AND v.version < {bound.bind(page_key.values[1], 'int')}"
    return (
        "SELECT v.pk, v.version FROM record.resource r JOIN record.version v "
        f"ON v.tenant = r.tenant AND v.pk = r.pk WHERE {where}{_when(history, bound)} "
        f"ORDER BY v.version DESC {limit}"
    )


def _patients(patients: Iterable[str], bound: Bound) -> str:
    return patient_keys(bound.bind(list(patients), "text[]"))


def _when(history: History, bound: Bound) -> str:
    conditions = ""
    if history.since is not None:
        conditions += f" AND v.updated >= {bound.bind(moment(history.since), 'timestamptz')}"
    if history.at is not None:
        first, beyond = (bound.bind(moment(each), "timestamptz") for each in history.at)
        # It was current then: it came before the end, and the next one not before the beginning.
        conditions += (
            f" AND v.updated < {beyond} AND NOT EXISTS (SELECT 1 FROM record.version n "
            f"WHERE n.tenant = {TENANT} AND n.pk = v.pk AND n.version = v.version + 1 "
            f"AND n.updated <= {first})"
        )
    return conditions
