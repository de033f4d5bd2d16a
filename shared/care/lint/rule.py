"""What a rule of the linter is, what it finds, and what it may look at besides the resource."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.fhir.reader import JsonObject

# What other resources are compared with.
KEPT_TYPES: Final = frozenset({"Observation", "Questionnaire", "QuestionnaireResponse"})


class Defect(NamedTuple):
    """A place in a resource, and what is wrong there."""

    location: str
    reason: str


@dataclass(frozen=True, slots=True)
class Given:
    """The other resources that were given, by reference and by canonical."""

    by_reference: dict[str, JsonObject] = field(default_factory=dict)
    by_canonical: dict[str, JsonObject] = field(default_factory=dict)

    def keep(self, resource: JsonObject) -> None:
        """Keep a resource, where others may be compared with it."""
        if resource.get("resourceType") not in KEPT_TYPES:
            return
        if "id" in resource:
            self.by_reference[f"{resource['resourceType']}/{resource['id']}"] = resource
        if isinstance(resource.get("url"), str):
            self.by_canonical[resource["url"]] = resource

    def referred(self, reference: JsonObject) -> JsonObject | None:
        """Find what a reference leads to, on whichever server it is."""
        named = str(reference.get("reference", "")).partition("/_history/")[0]
        return self.by_reference.get("/".join(named.split("/")[-2:]))

    def questionnaire(self, canonical: str) -> JsonObject | None:
        """Find the Questionnaire of a canonical, with or without its version."""
        return self.by_canonical.get(canonical.partition("|")[0])


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it says in a sentence, why, and what finds its defects in a type's resources.

    Without types it holds for all.
    """

    id: str
    sentence: str
    why: str
    find: Callable[[JsonObject, Given], Iterator[Defect]]
    types: frozenset[str] = frozenset()
