"""The profiles that a resource, and every resource in it, claims to conform to.

https://hl7.org/fhir/R4/resource.html#Meta.profile
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.fhirpath import root_node
from shared.fhir.fhirpath.navigation import children_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.fhirpath import Node
    from shared.fhir.reader import JsonObject


class Claim(NamedTuple):
    """One claim: the url, where it stands, whose it is, and the resource that contains that one."""

    url: str
    place: str
    node: Node
    root: Node


def claims_in(resource: JsonObject) -> Iterator[Claim]:
    """Give the claims of a resource and of those within; what is not valid is passed over."""
    name = resource.get("resourceType")
    if type(name) is str and name in TYPE_CODE:
        whole = root_node(resource)
        yield from _claims(whole, whole)


def _claims(node: Node, root: Node) -> Iterator[Claim]:
    for index, url in enumerate(_stated(node.value)):
        if type(url) is str:
            yield Claim(url, f"{node.location}.meta.profile[{index}]", node, root)
    for inner in children_named(node, "contained"):
        yield from _claims(inner, root)
    for inner in _carried(node):
        # It only travels in a Bundle or in Parameters, and is a whole of its own.
        yield from _claims(inner, inner)


def _stated(resource: object) -> list[object]:
    meta = resource.get("meta") if type(resource) is dict else None
    claims = meta.get("profile") if type(meta) is dict else None
    return claims if type(claims) is list else []


def _carried(node: Node) -> Iterator[Node]:
    if node.type == "Bundle":
        for entry in children_named(node, "entry"):
            yield from children_named(entry, "resource")
            for response in children_named(entry, "response"):
                yield from children_named(response, "outcome")
    elif node.type in {"Parameters", "Parameters.parameter"}:
        for name in ("parameter", "part", "resource"):
            for inner in children_named(node, name):
                yield from _carried(inner) if name != "resource" else (inner,)
