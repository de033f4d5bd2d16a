"""What a file defines and what it refers to, as far as that decides the order of loading.

Keys of a Bundle are exact (`Patient/1`, `Organization?identifier=system|value`); those of a
streamed file are type names, so that memory does not grow with its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from services.cli.console import Failure
from services.cli.loading import files, parcels, shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REFERENCE = re.compile(rb'"reference"\s*:\s*"((?:[^"\\]|\\.)*)"')
_TYPE = re.compile(r"([A-Z][A-Za-z]+)[/?]")


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """A file by what others may find in it, and by what it needs of others."""

    path: Path
    resources: int
    defines: frozenset[str]
    refers: frozenset[str]


def scan(path: Path) -> Contents:
    """Look through a file for what it defines and refers to.

    :raises Failure: the file is not what its ending says, or holds nothing to store.
    """
    with files.opened(path) as stream:
        if files.is_ndjson(path):
            return _scan_lines(path, stream)
        text = stream.read()
    try:
        return _scan_document(path, text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Failure(f"{path} is not a FHIR resource in JSON.") from None


def type_of(key: str) -> str | None:
    """Name the type in a relative or conditional reference; other keys have none."""
    match = _TYPE.match(key)
    return match[1] if match else None


def _scan_document(path: Path, text: bytes) -> Contents:
    bundle = shapes.read_bundle(text)
    if not bundle.resource_type:
        raise Failure(f"{path} is not a FHIR resource in JSON.")
    if bundle.resource_type != "Bundle":
        defined = set(_keys(shapes.read_head(text)))
        return Contents(path, 1, frozenset(defined), frozenset(_references(text)) - defined)
    parcels.check_type(path, bundle)
    defines: set[str] = set()
    for raw in bundle.entry:
        entry = shapes.read_entry(raw)
        defines.update(_keys(shapes.read_head(entry.resource)), _conditions(entry))
        # A urn: is resolved inside its own Bundle only, so it orders no files.
        if entry.full_url and not entry.full_url.startswith("urn:"):
            defines.add(entry.full_url)
    refers = frozenset(_references(text)) - defines
    return Contents(path, len(bundle.entry), frozenset(defines), refers)


def _scan_lines(path: Path, stream: Iterator[bytes]) -> Contents:
    defines: set[str] = set()
    refers: set[str] = set()
    count = 0
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            resource_type = shapes.read_head(line).resource_type
            refers.update(filter(None, map(type_of, _references(line))))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            resource_type = ""
        if not resource_type:
            raise Failure(f"{path}, line {number}, is not a FHIR resource in JSON.")
        defines.add(resource_type)
        count += 1
    return Contents(path, count, frozenset(defines), frozenset(refers - defines))


def _keys(head: shapes.Head) -> Iterator[str]:
    yield head.resource_type
    if head.reference:
        yield head.reference
    identifiers = head.identifier if isinstance(head.identifier, list) else [head.identifier]
    for identifier in identifiers:
        if isinstance(identifier, dict) and "value" in identifier:
            system = identifier.get("system", "")
            yield f"{head.resource_type}?identifier={system}|{identifier['value']}"


def _conditions(entry: shapes.Entry) -> Iterator[str]:
    if entry.request and entry.request.if_none_exist:
        resource_type = entry.request.url.partition("?")[0]
        yield f"{resource_type}?{unquote(entry.request.if_none_exist)}"


def _references(text: bytes) -> Iterator[str]:
    for found in _REFERENCE.findall(text):
        reference = msgspec.json.decode(b'"%b"' % found) if b"\\" in found else found.decode()
        if not reference.startswith(("#", "urn:")):
            yield unquote(reference.partition("/_history/")[0])
