"""Compiles what is to be shown beside the matches of a page: the resources at references' ends.

A reference of any version shows the current one, as a chain looks at it.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.links import is_canonical, is_reference
from shared.fhir.search.parameters import is_view
from shared.fhir.search.terms import target_term
from shared.store.audit_includes import referred_by_audit
from shared.store.narrowing import narrowed
from shared.store.search.arguments import TENANT, Arguments, Statement
from shared.store.search.canonicals import led_to, terms_of_url
from shared.store.search.condition import Condition
from shared.store.search.conditions import conditions
from shared.store.search.driving import driven, row_of
from shared.store.search.links import hashed, link_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from shared.access.access import Access
    from shared.fhir.search.query import Include
    from shared.store.version import Key

# Of those who refer to a page, so many are looked at; whose key is the lowest comes first.
_MOST_REFERRING: Final = 10_000


class Shown(NamedTuple):
    """A resource that is shown already, with its internal key."""

    key: Key
    pk: int


def included_statement(
    includes: Sequence[Include],
    beside: Sequence[Shown],
    known: Collection[int],
    *,
    access: Access,
    limit: int,
) -> Statement | None:
    """Compile what is included beside some resources, apart from those that are known.

    None where nothing can be. The rows are versions, in the order of their keys.
    """
    args = Arguments(access.tenant, "Resource")
    ways = [way for each in includes for way in _ways(each, beside, access, args)]
    if not ways:
        return None
    shown = args.bind(sorted(known), "bigint[]")
    return args.statement(
        f"WITH found AS MATERIALIZED (SELECT DISTINCT z.pk FROM ({' UNION ALL '.join(ways)}) z "
        f"WHERE z.pk <> ALL({shown}) ORDER BY z.pk LIMIT {limit:d}) "
        "SELECT v.type, v.id, v.pk, v.version, v.updated, v.deleted, v.method, v.body "
        f"FROM found f JOIN record.resource c ON c.tenant = {TENANT} AND c.pk = f.pk "
        f"JOIN record.version v ON v.tenant = {TENANT} AND v.pk = f.pk AND v.version = c.version "
        "ORDER BY v.pk"
    )


def _ways(
    include: Include, beside: Sequence[Shown], access: Access, args: Arguments
) -> Iterator[str]:
    if include.is_reverse and is_view(include.source):
        return  # Among the rows of the audit these are found apart.
    if include.is_reverse:
        shown = [each for each in beside if each.key.type in include.targets]
        if shown:
            yield _referring(include, shown, access, args.of(include.source))
        return
    pks = [each.pk for each in beside if each.key.type == include.source]
    types = narrowed("include", access).shown(include.targets)
    if pks and types and is_view(include.source):
        yield from referred_by_audit(include, pks, types, access=access, args=args)
    elif pks and types:
        ways = (is_reference, _referred), (is_canonical, _named)
        for is_way, way in ways:
            if is_way(include.parameter):
                yield way(include, pks, types, access=access, args=args.of(include.source))


def _referring(include: Include, shown: Sequence[Shown], access: Access, args: Arguments) -> str:
    number = include.parameter.number
    terms = [target_term(number, each.key.type, each.key.id) for each in shown]

    def refers(args: Arguments) -> str:
        found = args.bind_terms(terms)
        if is_canonical(include.parameter):
            pks = args.bind([each.pk for each in shown], "bigint[]")
            named = terms_of_url(include.parameter, "m", args)
            found += f" || ARRAY(SELECT k.term FROM unnest({pks}) AS m(pk) "
            found += f"CROSS JOIN LATERAL ({named}) k(term))"
        return f"r.terms && ({found})"

    seen = conditions(include.source, (), access, "revinclude")
    found = driven([Condition.same(refers, "terms"), *seen], args)
    return f"(SELECT r.pk {found} LIMIT {_MOST_REFERRING})"


def _referred(
    include: Include, pks: Sequence[int], types: Sequence[str], *, access: Access, args: Arguments
) -> str:
    texts = [link_text(include.parameter, args, args.of(name)) for name in types]
    # What may be seen of one of these types is what may be seen of each.
    seen = row_of(
        conditions(types[0], (), access, "include"), "r.type = c.type AND r.pk = o.pk", args
    )
    return (
        "SELECT o.pk FROM (SELECT r.terms, r.targets "
        f"FROM unnest({args.bind(list(pks), 'bigint[]')}) AS m(pk) CROSS JOIN LATERAL "
        f"(SELECT r.terms, r.targets FROM record.search_row r WHERE r.tenant = {TENANT} "
        f"AND r.type = {args.type} AND r.pk = m.pk OFFSET 0) r) s "
        "CROSS JOIN unnest(s.targets) AS o(pk) CROSS JOIN LATERAL "
        f"(SELECT c.type, c.id FROM record.resource c WHERE c.tenant = {TENANT} "
        "AND c.pk = o.pk OFFSET 0) c "
        f"JOIN unnest({args.bind([TYPE_CODE[name] for name in types], 'smallint[]')}, "
        f"{args.bind(texts, 'text[]')}) AS n(type, text) ON n.type = c.type "
        f"WHERE {hashed('n.text || c.id')} = ANY(s.terms) AND EXISTS ({seen})"
    )


def _named(
    include: Include, pks: Sequence[int], types: Sequence[str], *, access: Access, args: Arguments
) -> str:
    # What may be seen of one of these types is what may be seen of each.
    seen = row_of(
        conditions(types[0], (), access, "include"), "r.type = o.type AND r.pk = o.pk", args
    )
    return (
        f"SELECT o.pk FROM unnest({args.bind(list(pks), 'bigint[]')}) AS m(pk) CROSS JOIN LATERAL "
        f"(SELECT r.pk, r.terms FROM record.search_row r WHERE r.tenant = {TENANT} "
        f"AND r.type = {args.type} AND r.pk = m.pk OFFSET 0) s "
        f"CROSS JOIN LATERAL ({led_to(include.parameter, 's', types, args)}) o "
        f"WHERE EXISTS ({seen})"
    )
