"""The texts by which tokens, uris and references are sorted, read from the resources themselves.

Their index holds hashes, which have no order. So all matches are read for such a sort, and it is
made for few of them: a person's, or an owner's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from shared.store.search.arguments import TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.fhir.search.expression import Condition, Path
    from shared.fhir.search.parameters import Parameter

# What of a value is sorted by; a value of another type is its own text.
_TEXT_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "Coding": ("code",),
    "CodeableConcept": ("coding", "code"),
    "Identifier": ("value",),
    "ContactPoint": ("value",),
    "Reference": ("reference",),
}
# A page's key holds the text, so it is not endless.
_LONGEST: Final = 200


def sort_text(parameter: Parameter, *, descending: bool) -> str:
    """Write the expression over `r` for the first text of a parameter in the direction asked."""
    ways = [texts_at(path) for path in _paths(parameter)]
    return (
        f'(SELECT {"max" if descending else "min"}(left(t.text, {_LONGEST}) COLLATE "C") '
        "FROM record.resource c CROSS JOIN LATERAL "
        f"(SELECT v.body::jsonb AS content FROM record.version v WHERE v.tenant = {TENANT} "
        "AND v.pk = c.pk AND v.version = c.version OFFSET 0) v "
        f"CROSS JOIN LATERAL ({' UNION ALL '.join(ways)}) t(text) "
        f"WHERE c.tenant = {TENANT} AND c.pk = r.pk)"
    )


def _paths(parameter: Parameter) -> Iterator[Path]:
    for each in parameter.members or (parameter,):
        for path in each.paths:
            if each.converter(path) is not None:
                yield path


def texts_at(path: Path) -> str:
    """Select the texts at a path from the `content` of `v`."""
    if path.type == "living":
        return (
            "SELECT (coalesce((v.content ->> 'deceasedBoolean')::bool, false) "
            "OR v.content ? 'deceasedDateTime')::text"
        )
    steps = "".join(f".{_quoted(step.key)}{_filter(step.condition)}" for step in path.steps)
    of_value = "".join(f".{_quoted(name)}" for name in _TEXT_OF.get(path.type, ()))
    # A list of values is each of them; a null stands in it for one that has only extensions.
    texts = (
        f"SELECT x #>> '{{}}' FROM {_queried(f'${steps}{of_value}[*]')} x "
        "WHERE jsonb_typeof(x) <> 'null'"
    )
    last = path.steps[-1].condition
    return texts if last is None or last.kind != "type" else f"{texts} UNION ALL {_inside(path)}"


def _inside(path: Path) -> str:
    """Select the references at a path to what the resource contains of the type that it asks."""
    *before, last = path.steps
    steps = "".join(f".{_quoted(step.key)}{_filter(step.condition)}" for step in before)
    target = "" if last.condition is None else last.condition.argument
    contained = f"$.contained[*] ? (@.resourceType == {_quoted(target)}).id"
    return (
        f"SELECT x #>> '{{}}' FROM {_queried(f'${steps}.{_quoted(last.key)}.reference')} x, "
        f"{_queried(contained)} held WHERE x #>> '{{}}' = '#' || (held #>> '{{}}')"
    )


def _queried(way: str) -> str:
    quoted = way.replace("'", "''")
    return f"jsonb_path_query(v.content, '{quoted}')"


def _filter(condition: Condition | None) -> str:
    if condition is None:
        return ""
    if condition.kind == "place":
        return f"[{int(condition.argument)}]"
    if condition.kind == "url":
        return f" ? (exists (@.extension ? (@.url == {_quoted(condition.argument)})))"
    if condition.kind == "type":
        to_type = _quoted(f"(^|/){condition.argument}/[^/]+(/_history/[^/]+)?$")
        named = f"@.type == {_quoted(condition.argument)}"
        return f" ? (@.reference like_regex {to_type} || !exists (@.reference) && {named})"
    return f" ? (@.{_quoted(condition.member)} == {_quoted(condition.argument)})"


def _quoted(text: str) -> str:
    return json.dumps(text)
