"""The little that loading needs to see of a Bundle and of a resource; the rest stays bytes."""

from __future__ import annotations

from typing import Any

import msgspec


class Request(msgspec.Struct, rename="camel"):
    """A Bundle.entry.request."""

    method: str = ""
    url: str = ""
    if_none_exist: str | None = None


class Entry(msgspec.Struct, rename="camel"):
    """A Bundle.entry whose resource is left as it stands in the file."""

    full_url: str | None = None
    request: Request | None = None
    resource: msgspec.Raw = msgspec.Raw(b"{}")


class Bundle(msgspec.Struct, rename="camel"):
    """A Bundle; any other resource reads as one without entries."""

    resource_type: str = ""
    type: str = ""
    entry: list[msgspec.Raw] = []


class Head(msgspec.Struct, rename="camel"):
    """The type and the identities of a resource."""

    resource_type: str = ""
    id: str | None = None
    identifier: Any = None

    @property
    def reference(self) -> str | None:
        """The reference by which others know it, if it has an id."""
        return f"{self.resource_type}/{self.id}" if self.id else None


read_bundle = msgspec.json.Decoder(Bundle).decode
read_entry = msgspec.json.Decoder(Entry).decode
read_head = msgspec.json.Decoder(Head).decode
