"""A transaction Bundle in the making, which may be loaded twice and is stored once.

Every entry is a conditional create by its synthetic identifier.
https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.synthetic.marks import IDENTIFIER_SYSTEM, META, uuid_of

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_WITH_ONE_IDENTIFIER: Final = frozenset({"QuestionnaireResponse"})


class Draft:
    """Resources that refer to each other, to be stored together."""

    def __init__(self) -> None:
        self._entries: list[JsonObject] = []

    def add(self, resource_type: str, key: str, content: JsonObject) -> JsonObject:
        """Add a resource that is identified by the key, and give a Reference to it."""
        identifier = {"system": IDENTIFIER_SYSTEM, "value": key}
        resource = {
            "resourceType": resource_type,
            "meta": META,
            "identifier": identifier if resource_type in _WITH_ONE_IDENTIFIER else [identifier],
            **content,
        }
        full_url = f"urn:uuid:{uuid_of(f'{resource_type}/{key}')}"
        request = {
            "method": "POST",
            "url": resource_type,
            "ifNoneExist": f"identifier={IDENTIFIER_SYSTEM}|{key}",
        }
        self._entries.append({"fullUrl": full_url, "resource": resource, "request": request})
        return {"reference": full_url}

    def bundle(self) -> JsonObject:
        """Give the Bundle."""
        return {"resourceType": "Bundle", "type": "transaction", "entry": self._entries}
