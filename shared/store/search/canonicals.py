"""How resources lead to definitions by canonical addresses: by the url and the version of these.

`url|version` leads to that version alone, and `url` to each version that the record holds.

https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.links import CANONICAL_TYPES, have_urls
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.terms import uri_term
from shared.store.search.arguments import TENANT
from shared.store.search.links import hashed, link_text
from shared.store.search.sort_texts import texts_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.search.parameters import Parameter
    from shared.store.search.arguments import Arguments


def led_to(parameter: Parameter, row: str, types: Sequence[str], args: Arguments) -> str:
    """Select the types and the keys of what a row leads to, which has columns `pk` and `terms`."""
    paths = (path for path, _ in parameter.converters() if path.type in CANONICAL_TYPES)
    ways = " UNION ALL ".join(map(texts_at, paths))
    found = [_of_id(parameter, row, types, args)]
    if definitions := have_urls(tuple(types)):
        found.append(_of_url(definitions, args))
    return (
        f"SELECT d.type, d.pk FROM {_content_of(f'{row}.pk')} "
        f"CROSS JOIN LATERAL ({ways}) t(text) CROSS JOIN LATERAL ({' UNION ALL '.join(found)}) d"
    )


def all_terms(parameter: Parameter, row: str, source: Arguments, target: Arguments) -> str:
    """Select the terms of a source that lead to a row: by its id, and by its url."""
    text = source.bind(link_text(parameter, source, target), "text")
    return (
        f"SELECT {hashed(f'{text} || {row}.id')} UNION ALL {terms_of_url(parameter, row, source)}"
    )


def terms_of_url(parameter: Parameter, row: str, source: Arguments) -> str:
    """Select the terms of a source that lead to a row by its url, and version."""
    begin = f"{source.tenant}|{TYPE_CODE[source.resource_type]}|{uri_term(parameter.number, '')}"
    address = f"{source.bind(begin, 'text')} || (v.content ->> 'url') || '|' || x.version"
    return (
        f"SELECT {hashed(address)} FROM {_content_of(f'{row}.pk')} "
        "CROSS JOIN unnest(ARRAY['', v.content ->> 'version']) AS x(version) "
        "WHERE v.content ->> 'url' IS NOT NULL AND x.version IS NOT NULL"
    )


def _of_url(types: Sequence[str], args: Arguments) -> str:
    codes = args.bind([TYPE_CODE[name] for name in types], "smallint[]")
    urls = args.bind([_url_text(name, args) for name in types], "text[]")
    url, version = (f"split_part(t.text, '|', {place})" for place in (1, 2))
    return (
        # With `+ 0` the terms find the row, and not the keys of the whole type.
        f"(SELECT r.type, r.pk FROM record.search_row r WHERE r.tenant = {TENANT} "
        f"AND r.type + 0 = ANY({codes}) "
        f"AND r.terms && ARRAY(SELECT {hashed(f'n.text || {url}')} FROM unnest({urls}) n(text)) "
        f"AND ({version} = '' OR {version} = "
        f"(SELECT v.content ->> 'version' FROM {_content_of('r.pk')})) OFFSET 0)"
    )


def _of_id(parameter: Parameter, row: str, types: Sequence[str], args: Arguments) -> str:
    """Find what an address names as a reference does: by its place on this server."""
    codes = args.bind([TYPE_CODE[name] for name in types], "smallint[]")
    texts = args.bind([link_text(parameter, args, args.of(name)) for name in types], "text[]")
    return (
        f"(SELECT c.type, c.pk FROM unnest({codes}, {texts}) AS n(type, text) "
        f"JOIN record.resource c ON c.tenant = {TENANT} AND c.type = n.type "
        "AND c.id = substring(split_part(t.text, '|', 1) FROM '[^/]+$') "
        f"WHERE {hashed('n.text || c.id')} = ANY({row}.terms))"
    )


def _url_text(name: str, args: Arguments) -> str:
    """Write what is hashed for the url of a definition, up to the url."""
    return f"{args.tenant}|{TYPE_CODE[name]}|{uri_term(served_parameters(name)['url'].number, '')}"


def _content_of(pk: str) -> str:
    return (
        "(SELECT v.body::jsonb AS content FROM record.resource c JOIN record.version v "
        "ON v.tenant = c.tenant AND v.pk = c.pk AND v.version = c.version "
        f"WHERE c.tenant = {TENANT} AND c.pk = {pk} OFFSET 0) v"
    )
