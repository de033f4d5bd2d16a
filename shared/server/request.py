"""A FHIR request and its answer, free of any transport: HTTP and Bundle entries are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from shared.access.access import Access, Caller
    from shared.access.policy import Policy
    from shared.fhir.errors import Issue
    from shared.fhir.reader import JsonObject
    from shared.store.version import Version

Pairs = tuple[tuple[str, str], ...]
Interaction = Literal[
    "capabilities",
    "read",
    "vread",
    "history-instance",
    "history-type",
    "history-system",
    "create",
    "update",
    "patch",
    "delete",
    "search-type",
    "search-system",
    "bundle",
    "transaction",
    "batch",
    "operation",
]
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FhirRequest:
    """One interaction that is asked for.

    A search may be in the `compartment` of a resource, given by its type and id.
    `headers` have lower-case names; `raw` is the body as sent and `resource` the tree of it;
    `patch` are the operations of a JSON Patch.
    """

    method: str
    interaction: Interaction
    type: str | None = None
    id: str | None = None
    compartment: tuple[str, str] | None = None
    version: int | None = None
    operation: str | None = None
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    raw: bytes | None = None
    resource: JsonObject | None = None
    patch: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class FhirResponse:
    """What an interaction answers: a status, JSON, and the version it speaks of.

    `advice` is what is recommended of a content that was written, where it was asked for.
    """

    status: int
    body: bytes | None = None
    version: Version | None = None
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    advice: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What a request runs in: who asks, with which access, when, and under which base.

    `base` is the public FHIR base, without a slash at its end; `bases` are all addresses of this
    server; `zone` is where dates without a zone are taken to be; `policy` is the tenant's.
    """

    caller: Caller
    access: Access
    now: datetime
    request_id: str
    base: str
    bases: tuple[str, ...]
    zone: tzinfo
    policy: Policy

    @property
    def local_now(self) -> datetime:
        """The time of the request on the clocks of the site."""
        return self.now.astimezone(self.zone)
