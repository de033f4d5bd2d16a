"""Compiles the latest matches of each code: those of the newest dates, and whoever shares these.

All matches are looked at, so they must be few: those of one person.

https://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir.dates import MIN_TIME
from shared.store.search.arguments import TENANT, Arguments
from shared.store.search.conditions import conditions
from shared.store.search.driving import driven

if TYPE_CHECKING:
    from shared.access.access import Access
    from shared.fhir.search.query import Query
    from shared.store.page_key import PageKey
    from shared.store.search.arguments import Statement


@dataclass(frozen=True, slots=True)
class Latest:
    """A search of which each code shows so many, by the main date; what has none is left out."""

    query: Query
    most: int

    def page_statement(self, access: Access, key: PageKey | None) -> Statement:
        """Compile a page, by codes and then the newest first, and one row more as a search has."""
        args = Arguments(access.tenant, self.query.type)
        backward = key is not None and key.backward
        up, down = ("DESC", "ASC") if backward else ("ASC", "DESC")
        beyond = "true" if key is None else _beyond(key, args)
        return args.statement(
            f"WITH {self._ranked(access, args)}, "
            "page AS (SELECT z.pk, z.id, z.code, z.at FROM ranked z "
            f"WHERE {self._is_latest(args)} AND ({beyond}) "
            f'ORDER BY z.code COLLATE "C" {up}, z.at {down}, z.id {up} '
            f"LIMIT {self.query.count + 1:d}) "
            "SELECT p.pk, v.id, v.type, v.version, v.updated, v.body, p.code, p.at "
            f"FROM page p JOIN record.resource c ON c.tenant = {TENANT} AND c.pk = p.pk "
            f"JOIN record.version v ON v.tenant = {TENANT} AND v.pk = p.pk "
            'AND v.version = c.version ORDER BY p.code COLLATE "C", p.at DESC, p.id'
        )

    def count_statement(self, access: Access) -> Statement:
        """Compile how many they are."""
        args = Arguments(access.tenant, self.query.type)
        return args.statement(
            f"WITH {self._ranked(access, args)} "
            f"SELECT count(*) FROM ranked z WHERE {self._is_latest(args)}"
        )

    def _is_latest(self, args: Arguments) -> str:
        return f"z.place <= {args.bind(self.most, 'int')}"

    def _ranked(self, access: Access, args: Arguments) -> str:
        """Rank the matches of each code by date; codes in any order are the same code."""
        found = driven(conditions(self.query.type, self.query.criteria, access), args)
        return (
            f"matches AS MATERIALIZED (SELECT r.pk, r.d_lo AS at {found} AND r.d_lo > {MIN_TIME}), "
            "coded AS MATERIALIZED (SELECT m.pk, b.id, m.at, coalesce((SELECT "
            "min(concat(e->>'system', '|', e->>'code') COLLATE \"C\") "
            "FROM json_array_elements(b.code->'coding') e WHERE e->>'code' IS NOT NULL), "
            "lower(b.code->>'text'), '') AS code "
            "FROM matches m CROSS JOIN LATERAL (SELECT c.id, v.body::json->'code' AS code "
            "FROM record.resource c JOIN record.version v ON v.tenant = c.tenant AND v.pk = c.pk "
            f"AND v.version = c.version WHERE c.tenant = {TENANT} AND c.pk = m.pk OFFSET 0) b), "
            "ranked AS (SELECT w.pk, w.id, w.at, w.code, "
            "rank() OVER (PARTITION BY w.code ORDER BY w.at DESC) AS place FROM coded w)"
        )


def _beyond(key: PageKey, args: Arguments) -> str:
    after, before = ("<", ">") if key.backward else (">", "<")
    code, at = (args.bind(value, kind) for value, kind in zip(key.values, _TYPES, strict=True))
    return (
        f'z.code COLLATE "C" {after} {code} OR z.code = {code} AND (z.at {before} {at} '
        f"OR z.at = {at} AND z.id {after} {args.bind(key.id, 'text')})"
    )


_TYPES = ("text", "bigint")
