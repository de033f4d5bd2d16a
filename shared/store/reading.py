"""Reads of the record, each narrowed by the access inside its SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.access.access import Access
from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from shared.fhir.search.parameters import is_view
from shared.fhir.search.uses import uses_of, uses_of_includes
from shared.store import statements
from shared.store.audit_following import events_beside
from shared.store.audit_reading import AuditReading
from shared.store.history import history_statement
from shared.store.labels import labels_statement, size_statement
from shared.store.mention import Mention, mention_of
from shared.store.narrowing import narrowed
from shared.store.search import (
    Shown,
    count_statement,
    included_statement,
    matching_statement,
    page_statement,
    present_types_statement,
)
from shared.store.search.any_case import any_case_statement
from shared.store.terms import reference_term
from shared.store.version import Key, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    import asyncpg

    from shared.fhir.search.query import Include, Query
    from shared.store.audit import Audited
    from shared.store.history import History
    from shared.store.narrowing import Narrowing, Use
    from shared.store.page_key import PageKey
    from shared.store.search import Latest
    from shared.store.search.arguments import Statement
    from shared.store.statements import Narrowable

# A match: (pk, id, type, version, updated, body, sort values …).
Found = tuple[Any, ...]
# No version has a number that is not below this.
_NEWEST: Final = 2**31 - 1
# How many resources are shown beside a page, and how often what was included includes more.
_MOST_INCLUDED: Final = 1000
_MOST_ROUNDS: Final = 20
_OF_VERSIONS: Final[Mapping[Use, Narrowable]] = {
    "read": statements.READ,
    "read-many": statements.READ_MANY,
    "vread": statements.READ_VERSION,
    "versions": statements.HISTORY,
}


class Reading(AuditReading):
    """What a caller can read through one connection."""

    @property
    def connection(self) -> asyncpg.Connection:
        """The connection, for what is beside the resources, such as a service's own tables."""
        return self._connection

    def unlimited(self, reason: str) -> Reading:
        """Read on with unlimited access, for what holds whoever asks."""
        access = Access.system(reason, self.access.tenant)
        return Reading(self._connection, access, self.paging_key, self.stored)

    async def read(self, key: Key) -> Version | None:
        """Read the current version, a deletion too; None where there is nothing to see."""
        rows = await self._versions("read", key, key.id)
        return rows[0] if rows else None

    async def read_many(self, resource_type: str, ids: Collection[str]) -> dict[Key, Version]:
        """Read the current versions of several resources of one type."""
        key = Key(resource_type, "")
        rows = await self._versions("read-many", key, list(ids))
        return {version.key: version for version in rows}

    async def read_version(self, key: Key, number: int) -> Version | None:
        """Read one version; None where it never was, or there is nothing to see."""
        rows = await self._versions("vread", key, key.id, number)
        return rows[0] if rows else None

    async def history(self, key: Key, *, before: int | None, limit: int) -> list[Version]:
        """Read versions of a resource, the newest first, beginning below number `before`."""
        below = _NEWEST if before is None else before
        return await self._versions("versions", key, key.id, below, limit)

    async def past(self, history: History, page_key: PageKey | None) -> list[tuple[Version, bool]]:
        """Read a page of a history, and one version more where there is a next page.

        With each comes whether it made its resource, or brought it back.
        """
        statement = history_statement(history, self.access, page_key)
        rows = await self._fetch(statement.sql, statement.args)
        return [(version_of(columns), made) for *columns, made in rows]

    async def existing(self, keys: Iterable[Key]) -> dict[Key, int]:
        """Find which of these resources exist undeleted, with their internal keys."""
        return await self._existing(keys, narrowed("target", self.access))

    async def _existing(self, keys: Iterable[Key], narrowing: Narrowing) -> dict[Key, int]:
        wanted = [key for key in keys if narrowing.shows(key.type)]
        if not wanted:
            return {}
        codes, ids = [TYPE_CODE[key.type] for key in wanted], [key.id for key in wanted]
        args: list[Any] = [self.access.tenant, codes, ids]
        rows = await self._fetch(statements.EXISTING.of(narrowing, args), args)
        return {Key(TYPE_NAME[row[0]], row[1]): row[2] for row in rows}

    async def mentions(
        self, targets: Iterable[Key], resource_type: str | None = None
    ) -> list[Mention]:
        """Find who refers to any of some resources, of one type or of all, in no order."""
        access = self.access
        terms = [reference_term(access.tenant, target) for target in targets]
        args: list[Any] = [access.tenant, terms, TYPE_CODE.get(resource_type or "")]
        narrowing = narrowed("mentions", access)
        sql = statements.MENTIONS.of(narrowing, args)
        found = [mention_of(row) for row in await self._fetch(sql, args)]
        return [each for each in found if narrowing.shows(each.key.type)]

    async def read_mentioned(self, mentions: Iterable[Mention]) -> dict[Key, Version]:
        """Read the current versions of what `mentions` found, which the caller may see."""
        pks = [each.pk for each in mentions]
        rows = await self._fetch(statements.READ_PKS, [self.access.tenant, pks])
        return {version.key: version for version in map(version_of, rows)}

    async def current(self, types: Iterable[str], most: int) -> int:
        """Count the current resources of some types, up to one more than `most`."""
        statement = size_statement(types, self.access, most)
        rows = await self._fetch(statement.sql, statement.args)
        total: int = rows[0][0]
        return total

    async def labels(self, types: Iterable[str]) -> list[tuple[str, str]]:
        """List the labels that current resources of some types carry: their kind, and as JSON."""
        statement = labels_statement(types, self.access)
        return [(kind, text) for kind, text in await self._fetch(statement.sql, statement.args)]

    async def page(self, query: Query, page_key: PageKey | None) -> list[Found]:
        """Run a search for one page: its rows, and one more where there is a next page."""
        statement = page_statement(query, self.access, page_key)
        return await self._complete(statement, uses_of(query))

    async def included(
        self,
        includes: Sequence[Include],
        matches: Sequence[Shown],
        event: Callable[[Audited], Version] | None = None,
    ) -> tuple[list[Version], bool]:
        """Read what is to be shown beside matches, none of them again, and tell if more was.

        `event` makes an AuditEvent of a row of the audit; without it none is shown.
        """
        found: list[Version] = []
        known: set[tuple[bool, int]] = set()
        beside, asked, is_cut = matches, includes, False
        for _ in range(_MOST_ROUNDS):
            known.update(map(_place, beside))
            room = _MOST_INCLUDED + 1 - len(found)
            more = await self._beside(asked, beside, known, room)
            if event is not None:
                events, is_more = await events_beside(self, asked, beside, room)
                more += [event(each) for each in events if (True, each.position) not in known]
                is_cut = is_cut or is_more
            found += more
            if len(found) > _MOST_INCLUDED:
                return found[:_MOST_INCLUDED], True
            if not more:
                return found, is_cut
            beside = [Shown(version.key, version.pk) for version in more]
            asked = [each for each in includes if each.iterate]
        return found, True

    async def _beside(
        self,
        includes: Sequence[Include],
        beside: Sequence[Shown],
        known: set[tuple[bool, int]],
        room: int,
    ) -> list[Version]:
        pks = [pk for is_event, pk in known if not is_event]
        statement = included_statement(includes, beside, pks, access=self.access, limit=room)
        if statement is None:
            return []
        rows = await self._complete(statement, uses_of_includes(includes))
        return [version_of(row) for row in rows]

    async def latest(self, latest: Latest, key: PageKey | None) -> list[Found]:
        """Read a page of the latest matches of each code, and one row more if there are."""
        statement = latest.page_statement(self.access, key)
        return await self._complete(statement, uses_of(latest.query))

    async def count_latest(self, latest: Latest) -> int:
        """Count the latest matches of each code."""
        statement = latest.count_statement(self.access)
        rows = await self._complete(statement, uses_of(latest.query))
        total: int = rows[0][0]
        return total

    async def present_types(self) -> set[str]:
        """Name the types of which the record holds current resources."""
        statement = present_types_statement(self.access)
        return {TYPE_NAME[row[0]] for row in await self._fetch(statement.sql, statement.args)}

    async def plan(self, statement: Statement) -> str:
        """Tell, as JSON, how the database would run a statement; nothing of it is run."""
        sql = f"EXPLAIN (FORMAT JSON) {statement.sql}"
        rows = await self._fetch(sql, statement.args)
        plan: str = rows[0][0]
        return plan

    async def count(self, query: Query) -> int:
        """Count the matches of a search, all of which the caller may see."""
        statement = count_statement(query, self.access)
        rows = await self._complete(statement, uses_of(query))
        total: int = rows[0][0]
        return total

    async def matching(self, query: Query, limit: int = 2) -> list[str]:
        """Find the ids of up to `limit` matches, as a conditional interaction needs them."""
        statement = matching_statement(query, self.access, limit)
        return [row[0] for row in await self._complete(statement, uses_of(query))]

    async def any_case(self) -> list[str]:
        """Name the code systems of the record in whose codes case does not matter."""
        statement = any_case_statement(self.access)
        if statement is None:
            return []
        return [row[0] for row in await self._complete(statement, [("CodeSystem", None)])]

    async def _versions(
        self, use: Use, key: Key, ids: str | list[str], *others: int
    ) -> list[Version]:
        narrowing = narrowed(use, self.access)
        if not narrowing.shows(key.type):
            return []
        args: list[Any] = [self.access.tenant, TYPE_CODE[key.type], ids, *others]
        sql = _OF_VERSIONS[use].of(narrowing, args)
        return [version_of(row) for row in await self._fetch(sql, args)]


def _place(shown: Shown) -> tuple[bool, int]:
    # A row of the audit has a place in it, and no key.
    return is_view(shown.key.type), shown.pk


def version_of(row: Sequence[Any]) -> Version:
    """Read a version from the columns that every statement about versions selects."""
    code, logical_id, pk, number, updated, deleted, method, body = row
    raw = None if body is None else body.encode()
    return Version(Key(TYPE_NAME[code], logical_id), pk, number, updated, deleted, method, raw)
