"""From where the matches of a search come, when indexes are to find them.

What leads through other resources is tried first where these are few, which nobody can tell
before looking. Where they are many it only tests what another condition finds, so that a common
trait of patients is not followed to all of their resources for the sake of a rare code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.store.search.arguments import TENANT, Arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.store.search.condition import Condition, Elsewhere

OF_TENANT: Final = f"r.tenant = {TENANT}"
ROWS: Final = "record.search_row r"
# The same with the resource's `updated`, found by rows or by resources.
BY_ROWS: Final = (
    "(SELECT s.*, c.updated FROM record.search_row s CROSS JOIN LATERAL "
    "(SELECT c.updated FROM record.resource c "
    "WHERE c.tenant = s.tenant AND c.pk = s.pk OFFSET 0) c) r"
)
BY_RESOURCES: Final = (
    "(SELECT c.tenant, c.type, c.pk, c.id, c.updated, "
    "s.patient, s.d_lo, s.d_hi, s.terms, s.targets "
    "FROM record.resource c CROSS JOIN LATERAL "
    "(SELECT s.patient, s.d_lo, s.d_hi, s.terms, s.targets FROM record.search_row s "
    "WHERE s.tenant = c.tenant AND s.type = c.type AND s.pk = c.pk OFFSET 0) s WHERE c.pk > 0) r"
)
_COLUMNS: Final = "r.pk, r.id, r.patient, r.d_lo, r.d_hi, r.terms, r.targets"
# How many resources elsewhere are few, and how many conditions are tried for having few.
_FEW: Final = 1000
_MOST_TRIED: Final = 3


def driven(conditions: Sequence[Condition], args: Arguments, *, shows_updated: bool = False) -> str:
    """Write from where the matches come, as `r`, so that their indexes find them."""
    selective = any(each.is_selective for each in conditions)
    wide = [each for each in conditions if each.elsewhere and not each.is_selective]
    others = [each for each in conditions if each not in wide]
    if not wide or (len(wide) == 1 and not any(each.index for each in others)):
        return _found(conditions, (), args, shows_updated=shows_updated)
    if selective:
        return _found(others, _probes(wide, args), args, shows_updated=shows_updated)
    columns = f"{_COLUMNS}, r.updated" if shows_updated else _COLUMNS
    found = " UNION ALL ".join(
        f"SELECT {columns} {each}"
        for each in _branches(wide, others, args, shows_updated=shows_updated)
    )
    tried = (each.elsewhere for each in wide[:_MOST_TRIED])
    return f"FROM (WITH {_few(tried, args)} {found}) r WHERE true"


def all_of(parts: Iterable[str]) -> str:
    """Join what must hold."""
    return " AND ".join(parts) or "true"


def row_of(conditions: Sequence[Condition], where: str, args: Arguments) -> str:
    """Look for a row of which the conditions hold, among those that are named."""
    relation = BY_ROWS if any(each.index == "updated" for each in conditions) else ROWS
    probes = all_of(each.probe(args) for each in conditions)
    return f"SELECT FROM {relation} WHERE {OF_TENANT} AND {where} AND {probes} OFFSET 0"


def _few(tried: Iterable[Elsewhere | None], args: Arguments) -> str:
    return ", ".join(
        f"few_{place} AS MATERIALIZED (SELECT z.key FROM ({each.find(args)}) z LIMIT {_FEW + 1})"
        for place, each in enumerate(tried)
        if each
    )


def _branches(
    wide: Sequence[Condition],
    others: Sequence[Condition],
    args: Arguments,
    *,
    shows_updated: bool,
) -> Iterable[str]:
    """Write one branch for each way to the matches, of which only one is gone."""
    many: list[str] = []
    for place, each in enumerate(wide[:_MOST_TRIED]):
        count = f"(SELECT count(*) FROM few_{place})"
        rest = [condition for condition in wide if condition is not each]
        keys = f"ARRAY(SELECT key FROM few_{place})"
        follow = each.elsewhere.follow(keys) if each.elsewhere else "true"
        where = [*many, f"{count} <= {_FEW}", follow, *_probes(rest, args)]
        yield _found([*others], where, args, also=each, shows_updated=shows_updated)
        many.append(f"{count} > {_FEW}")
    if not any(each.index for each in others):
        others, wide = [*others, wide[0]], wide[1:]
    yield _found(others, [*many, *_probes(wide, args)], args, shows_updated=shows_updated)


def _found(
    conditions: Sequence[Condition],
    where: Sequence[str],
    args: Arguments,
    *,
    also: Condition | None = None,
    shows_updated: bool = False,
) -> str:
    indexes = {each.index for each in (*conditions, also) if each and each.index}
    relation = BY_ROWS if shows_updated or "updated" in indexes else ROWS
    if indexes == {"updated"}:
        relation = BY_RESOURCES
    # With `+ 0` PostgreSQL does not read the keys of a whole type to intersect them with the terms.
    column = "r.type + 0" if indexes - {"updated"} == {"terms"} else "r.type"
    found = all_of([*where, *(each.drive(args) for each in conditions)])
    return f"FROM {relation} WHERE {OF_TENANT} AND {column} = {args.type} AND {found}"


def _probes(conditions: Iterable[Condition], args: Arguments) -> list[str]:
    return [each.probe(args) for each in conditions]
