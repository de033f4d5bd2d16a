"""Puts the resources of a message in place here: ids and references of the record, no others.

What a message refers to and does not carry, or what is not kept of it, stays named by identifier
or display; an address that means something only at the sender's is never taken for one here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake_api.domain.notice.protection import is_protected, untelling
from shared.fhir.references import parse_reference, references_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.reader import JsonObject


# What the server writes into meta of its own versions.
_SERVERS = frozenset({"versionId", "lastUpdated"})
_UNTOLD = "not told in the notice"


def placed(
    notice: Notice, url: str, places: Mapping[str, str], *, permitted: bool = True
) -> JsonObject:
    """Give the entry of a message as it stands here; `places` are references by fullUrl.

    Where nothing protected is `permitted`, what must be known all the same says nothing more.
    """
    told = notice.kept[url]
    is_bare = not permitted and is_protected(told)
    resource: JsonObject = _copied(untelling(told) if is_bare else told)
    resource["id"] = places[url].partition("/")[2]
    for _, reference in references_in(resource, resource["resourceType"]):
        if "reference" in reference:
            _place(reference, notice, url, places)
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in _SERVERS}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    return rest | ({"meta": meta} if meta else {})


def _place(reference: JsonObject, notice: Notice, holder: str, places: Mapping[str, str]) -> None:
    text = reference["reference"]
    address = notice.address(text)
    if address is not None and address in places:
        reference["reference"] = places[address]
        return
    if address is not None and is_protected(notice.entries[address]):
        reference.clear()
        reference["display"] = _UNTOLD
        return
    link = parse_reference(text)
    if link.kind in {"contained", "external"} and address is None:
        return
    base = _base(holder)
    if link.kind == "local" and base is not None and address is None:
        reference["reference"] = f"{base}/{text}"
        return
    del reference["reference"]
    if not {"identifier", "display"} & reference.keys():
        reference["display"] = _UNTOLD


def _base(full_url: str) -> str | None:
    """Give the sender's base, below which relative references of an entry stand."""
    link = parse_reference(full_url)
    if link.kind != "external" or link.type is None:
        return None
    return full_url.rpartition(f"/{link.type}/")[0]


def _copied(tree: Any) -> Any:  # noqa: ANN401
    if isinstance(tree, dict):
        return {name: _copied(value) for name, value in tree.items()}
    return [_copied(each) for each in tree] if isinstance(tree, list) else tree
