"""What a figure is: groups of populations, each with the resources in it, by reference."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from shared.fhir.reader import JsonObject

Role = Literal["initial-population", "denominator", "numerator", "measure-population"]


@dataclass(frozen=True, slots=True)
class Population:
    """The resources that a number counts."""

    role: Role
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers that belong together; `strata` divide the first by something, as its values say."""

    code: str
    text: str
    populations: tuple[Population, ...]
    strata: Mapping[str, Mapping[str, tuple[str, ...]]]
    score: Decimal | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What one Measure comes to."""

    code: str
    groups: tuple[Group, ...]


def reference(resource: JsonObject) -> str:
    """Refer to a resource."""
    return f"{resource['resourceType']}/{resource['id']}"


def counted(role: Role, resources: Iterable[JsonObject]) -> Population:
    """Make a population of resources, each once."""
    return Population(role, tuple(dict.fromkeys(map(reference, resources))))


def divided(
    found: Iterable[JsonObject], by: Callable[[JsonObject], str]
) -> dict[str, tuple[str, ...]]:
    """Divide what was found by a value of each."""
    parts: defaultdict[str, list[str]] = defaultdict(list)
    for each in found:
        parts[by(each)].append(reference(each))
    return {value: tuple(parts[value]) for value in sorted(parts)}
