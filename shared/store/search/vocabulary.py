"""Criteria that give a part of a text for which rows have a term: what codes are called, and uris.

The texts that begin with the part, or hold it, are looked up in the vocabulary, where each stands
once; what matches has the term of one of them.

https://hl7.org/fhir/R4/search.html#modifiers
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.terms import text_term, uri_term
from shared.fhir.search.values import Text, UriPart
from shared.store.search.arguments import TENANT
from shared.store.search.condition import Condition
from shared.store.search.values import trigrams

if TYPE_CHECKING:
    from shared.fhir.search.query import Criterion
    from shared.store.search.arguments import Arguments


def is_of_vocabulary(criterion: Criterion) -> bool:
    """Tell whether a criterion gives a part of a text."""
    return criterion.parameter.type in {"token", "uri"} and isinstance(
        criterion.values[0] if criterion.values else None, Text | UriPart
    )


def vocabulary(criterion: Criterion) -> Condition:
    """Compile such a criterion."""
    number, is_uri = criterion.parameter.number, criterion.parameter.type == "uri"
    prefix = (uri_term if is_uri else text_term)(number, "")

    def found(args: Arguments) -> str:
        parts = (_part(value, criterion.modifier, args) for value in criterion.values)
        text = f"{args.tenant}|{TYPE_CODE[args.resource_type]}|{prefix}"
        # As `hash_term` does it.
        hashed = (
            f"('x' || left(encode(sha256(convert_to({args.bind(text, 'text')} || s.norm, 'UTF8')), "
            "'hex'), 16))::bit(64)::bigint"
        )
        return (
            f"r.terms && ARRAY(SELECT {hashed} FROM record.search_string s "
            f"WHERE s.tenant = {TENANT} AND s.type = {args.type} "
            f"AND s.param = {args.bind(number, 'smallint')} AND s.pk = 0 "
            f"AND ({' OR '.join(parts)}))"
        )

    return Condition.same(found, "terms")


def _part(value: object, modifier: str | None, args: Arguments) -> str:
    if isinstance(value, Text):
        return _begins(value.folded, args)
    assert isinstance(value, UriPart)  # noqa: S101 - is_of_vocabulary lets nothing else through
    if modifier == "contains":
        part = args.bind(value.text, "text")
        # A uri may hold the signs that LIKE reads.
        inside = f"position({part} in s.norm) > 0"
        parts = trigrams(value.text)
        return f"s.tri @> {args.bind(parts, 'int[]')} AND {inside}" if parts else inside
    url = args.bind(value.text, "text")
    return f"(s.norm = {url} OR {_begins(f'{value.text}/', args)})"


def _begins(text: str, args: Arguments) -> str:
    low, high = args.bind(text, "text"), args.bind(text + chr(0x10FFFF), "text")
    return f"(s.norm >= {low} AND s.norm < {high})"
