"""What the text of a reference points to, where references stand, and how they are rewritten.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape, unescape
from typing import TYPE_CHECKING, Literal

from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.elements import linking_objects, objects_in
from shared.fhir.memory import remembering_short_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.fhir.reader import JsonObject

_TYPES = frozenset(RESOURCE_TYPES)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_RESTFUL = re.compile(
    r"(?:(?P<base>.*)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.-]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9.-]{1,64}))?(?:#.*)?"
)
_PARTING = re.compile(r"[,|$\\]")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ATTRIBUTE = re.compile(r"""(\s(?:href|src)\s*=\s*)(["'])(.*?)\2""", re.DOTALL)

Kind = Literal["local", "external", "urn", "contained", "conditional", "other"]


@dataclass(frozen=True, slots=True)
class Link:
    """A reference's text, understood.

    An external link has type and id where it looks RESTful, a conditional one its query as id;
    `other` is no form that FHIR knows.
    """

    kind: Kind
    text: str
    type: str | None = None
    id: str | None = None
    version: str | None = None


@remembering_short_texts
def parse_reference(text: str, bases: tuple[str, ...] = ()) -> Link:
    """Understand a reference; an absolute one below one of this server's bases is local.

    It is `other` where the server can have nothing at that address.
    """
    own = _below(text, bases)
    if own is not None:
        link = parse_reference(own)
        is_here = link.kind in {"local", "conditional"}
        return replace(link, text=text) if is_here else Link("other", text)
    if text.startswith("#"):
        return Link("contained", text, id=text[1:])
    if text.startswith(("urn:uuid:", "urn:oid:")):
        return Link("urn", text)
    name, mark, query = text.partition("?")
    if mark and name in _TYPES:
        return Link("conditional", text, name, query)
    found = _RESTFUL.fullmatch(text)
    if found is None or found["type"] not in _TYPES:
        return Link("external" if _ABSOLUTE.match(text) else "other", text)
    kind: Kind = "other"
    if found["base"] is None:
        kind = "local"
    elif _ABSOLUTE.match(found["base"]):
        kind = "external"
    return Link(kind, text, found["type"], found["id"], found["version"])


def searchable(reference: JsonObject, bases: tuple[str, ...] = ()) -> str | None:
    """Write what a search can ask for a Reference; None where it leads to no resource of its own.

    Commas and the like part the values of a search, and stand in no address of a resource.
    """
    link = parse_reference(str(reference.get("reference", "")), bases)
    if link.kind == "local":
        return f"{link.type}/{link.id}"
    is_address = link.kind in {"external", "urn"} and not _PARTING.search(link.text)
    return link.text if is_address else None


def _below(text: str, bases: tuple[str, ...]) -> str | None:
    for base in bases:
        if text.startswith(f"{base.rstrip('/')}/"):
            return text.removeprefix(f"{base.rstrip('/')}/")
    return None


def references_in(resource: JsonObject, resource_type: str) -> Iterator[tuple[str, JsonObject]]:
    """Find every Reference, with its FHIRPath location, contained resources included."""
    for found in objects_in(resource, resource_type):
        if found.type == "Reference":
            yield found.location, found.value


class Links:
    """The links of one resource, found once: to read them, and to replace them in place."""

    __slots__ = ("_holders",)

    def __init__(self, resource: JsonObject) -> None:
        self._holders = linking_objects(resource, resource["resourceType"])

    def references(self) -> Iterator[str]:
        """Give the text of each Reference, contained resources included, repeated ones too."""
        for holder, kind in self._holders:
            if kind.type == "Reference":
                text = holder.get("reference")
                if type(text) is str:
                    yield text

    def local_targets(self, bases: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
        """Give the type and id of each reference to a resource of this server."""
        for text in self.references():
            link = parse_reference(text, bases)
            if link.kind == "local" and link.type and link.id:
                yield link.type, link.id

    def rewrite(self, mapping: Mapping[str, str]) -> bool:
        """Replace every link that `mapping` names, and tell whether there was any.

        A link matches as a whole or up to its `#`. It is replaced where the definition says
        Reference, uri, url, oid or uuid, and in href and src of narrative; canonical and strings
        never are. A value of `mapping` may end in `/_history/n`, which only version-specific
        links take over. A uuid can hold no address: there it is the new id, where that is one.

        https://hl7.org/fhir/R4/http.html#trules
        """
        changed = False
        for holder, kind in self._holders:
            for key in kind.linking & holder.keys():
                before = holder[key]
                rewritten = _in_markup if key in kind.markup else _moved
                if key in kind.uuids:
                    rewritten = _named
                after = rewritten(before, mapping)
                if after != before:
                    holder[key] = after
                    changed = True
        return changed


def _moved(link: object, mapping: Mapping[str, str]) -> object:
    if type(link) is list:
        return [_moved(each, mapping) for each in link]
    return _target(link, mapping) or link if type(link) is str else link


def _named(link: object, mapping: Mapping[str, str]) -> object:
    moved = _moved(link, mapping)
    logical_id = str(moved).rpartition("/")[2]
    return f"urn:uuid:{logical_id}" if moved != link and _UUID.fullmatch(logical_id) else moved


def _target(link: str, mapping: Mapping[str, str]) -> str | None:
    if link in mapping:
        return mapping[link].partition("/_history/")[0]
    address, mark, fragment = link.partition("#")
    unversioned, history, version = address.partition("/_history/")
    if unversioned not in mapping:
        return None
    target, own_history, new_version = mapping[unversioned].partition("/_history/")
    if history:
        target += f"/_history/{new_version if own_history else version}"
    return f"{target}{mark}{fragment}"


def _in_markup(markup: object, mapping: Mapping[str, str]) -> object:
    def replaced(found: re.Match[str]) -> str:
        target = _target(unescape(found[3]), mapping)
        return found[0] if target is None else f"{found[1]}{found[2]}{escape(target)}{found[2]}"

    return _ATTRIBUTE.sub(replaced, markup) if type(markup) is str else markup
