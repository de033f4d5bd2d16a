"""What a rule of the linter is, what it finds, and what it may look at besides the resource."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shared.fhir.reader import JsonObject

# What other resources are compared with.
KEPT_TYPES: Final = frozenset({"Observation", "Questionnaire", "QuestionnaireResponse"})
Scopes = tuple["Mapping[str, JsonObject]", ...]


class Defect(NamedTuple):
    """A place in a resource, and what is wrong there."""

    location: str
    reason: str


@dataclass(frozen=True, slots=True)
class Given:
    """The other resources that were given, by reference and by canonical.

    `scopes` are those that what encloses a resource holds, the innermost last: they come first.
    """

    by_reference: dict[str, JsonObject] = field(default_factory=dict)
    by_canonical: dict[str, JsonObject] = field(default_factory=dict)
    scopes: Scopes = ()

    def keep(self, resource: JsonObject, *, contained: bool = False) -> None:
        """Keep a resource, where others may be compared with it."""
        if resource.get("resourceType") not in KEPT_TYPES:
            return
        # Only what contains a resource refers to it by its id.
        if "id" in resource and not contained:
            self.by_reference[f"{resource['resourceType']}/{resource['id']}"] = resource
        if isinstance(resource.get("url"), str):
            self.by_canonical[resource["url"]] = resource

    def inside(self, scopes: Scopes) -> Given:
        """Look from inside of what encloses a resource."""
        return replace(self, scopes=scopes)

    def referred(self, reference: JsonObject) -> JsonObject | None:
        """Find what a reference leads to, on whichever server it is."""
        named = str(reference.get("reference", "")).partition("/_history/")[0]
        local = "/".join(named.split("/")[-2:])
        for scope in reversed(self.scopes):
            if found := scope.get(named) or scope.get(local):
                return found
        return self.by_reference.get(local)

    def questionnaire(self, canonical: str) -> JsonObject | None:
        """Find the Questionnaire of a canonical, of any version, or a contained one."""
        if canonical.startswith("#"):
            return self.referred({"reference": canonical})
        return self.by_canonical.get(canonical.partition("|")[0])


def scope(resource: JsonObject) -> dict[str, JsonObject]:
    """Give what a resource contains, or the entries of a Bundle, by what refers to them."""
    found = {f"#{each.get('id')}": each for each in objects(resource.get("contained"))}
    is_bundle = resource.get("resourceType") == "Bundle"
    for entry in objects(resource.get("entry")) if is_bundle else ():
        for inside in objects([entry.get("resource")]):
            found[f"{inside.get('resourceType')}/{inside.get('id')}"] = inside
            found[str(entry.get("fullUrl"))] = inside
    return found


def objects(value: object) -> list[JsonObject]:
    """List the objects of a list, where it is one."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


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
