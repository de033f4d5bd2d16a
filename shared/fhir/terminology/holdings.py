"""What is at hand to answer a question: code systems and value sets, by their canonical urls.

https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology.code_system import CodeSystem, Concept

Named = tuple[Literal["CodeSystem", "ValueSet"], str]
_SIDES: Final = ("include", "exclude")


class Code(NamedTuple):
    """A code with the system that it belongs to."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """Code systems and value sets, each by the canonical url, with or without a version."""

    code_systems: Mapping[str, CodeSystem] = field(default_factory=dict)
    value_sets: Mapping[str, JsonObject] = field(default_factory=dict)

    def concept(self, code: Code) -> Concept | None:
        """Find what the held versions of a code's system say of it."""
        systems = (each for each in self.code_systems.values() if each.url == code.system)
        found = (each.find(code.code) for each in systems)
        return next((each for each in found if each is not None), None)


def named_in(value_set: JsonObject) -> Iterator[Named]:
    """Name the code systems and value sets that a value set is composed of."""
    compose = value_set.get("compose", {})
    for part in (each for side in _SIDES for each in compose.get(side, ())):
        if "system" in part:
            yield "CodeSystem", system_of(part)
        for url in part.get("valueSet", ()):
            yield "ValueSet", url


def system_of(part: JsonObject) -> str:
    """Name the code system that a part of a value set draws on, with the version if it says one."""
    version = part.get("version")
    return f"{part['system']}|{version}" if version else part["system"]
