"""A Bundle that tells of one thing: what its first entry leads to, by how the entries refer to it.

https://hl7.org/fhir/R4/bundle.html#references
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.reader import JsonObject


@dataclass(frozen=True)
class Carried:
    """A message or a document, whose parts are read from the Bundle."""

    bundle: JsonObject

    @property
    def header(self) -> JsonObject:
        """The first entry, which says what the others are: a MessageHeader or a Composition."""
        header: JsonObject = self.bundle["entry"][0]["resource"]
        return header

    @cached_property
    def entries(self) -> Mapping[str, JsonObject]:
        """The resources that it carries beside its header, by fullUrl."""
        return {each["fullUrl"]: each["resource"] for each in self.bundle["entry"][1:]}

    @cached_property
    def _addresses(self) -> Mapping[str, str]:
        """Every text that refers to an entry, with its fullUrl."""
        texts = {url: url for url in self.entries}
        for url, resource in self.entries.items():
            link = parse_reference(url)
            logical_id = resource.get("id") or (link.id if link.kind == "external" else None)
            if logical_id is not None:
                texts.setdefault(f"{resource['resourceType']}/{logical_id}", url)
        return texts

    def address(self, reference: object) -> str | None:
        """Find the fullUrl of the entry that a reference means."""
        if not isinstance(reference, str):
            return None
        # It carries one version of each.
        return self._addresses.get(reference.partition("/_history/")[0])

    def named(self, holder: JsonObject, element: str, resource_type: str) -> str | None:
        """Find the fullUrl of the entry of a type that an element of one reference means."""
        url = self.address(holder.get(element, {}).get("reference"))
        return url if url is not None and self.holds(url, resource_type) else None

    def holds(self, url: str, resource_type: str) -> bool:
        """Tell whether the entry of a fullUrl is of a type."""
        return bool(self.entries[url]["resourceType"] == resource_type)

    def of_type(self, resource_type: str) -> list[str]:
        """List the fullUrls of the entries of a type."""
        return [url for url in self.entries if self.holds(url, resource_type)]

    def place(self, url: str) -> str:
        """Tell where in the Bundle an entry stands."""
        return f"Bundle.entry[{1 + list(self.entries).index(url)}].resource"
