"""What random requests are made of: types, ids and values that are likely to meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.access.callers import PATIENTS
from tests.access.population import CODES, DATES, NAMES, SYSTEM, UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

Pairs = list[tuple[str, str]]
TYPES: Final = (
    "Patient",
    "Encounter",
    "Observation",
    "Observation",
    "Condition",
    "CarePlan",
    "RiskAssessment",
    "Provenance",
    "Practitioner",
    "Organization",
    "AuditEvent",
)
LETTER: Final = dict(
    zip(
        ("Organization", "Practitioner", "Patient", "Encounter", "Observation"),
        "gdpeo",
        strict=True,
    )
) | {"Condition": "c", "CarePlan": "k", "RiskAssessment": "r", "Provenance": "v"}
_PREFIXES: Final = ("", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_MODIFIERS: Final[Mapping[str, tuple[str, ...]]] = {
    "token": ("not", "text", "missing", "of-type", "in"),
    "string": ("exact", "contains", "missing"),
    "reference": ("identifier", "missing"),
    "uri": ("below", "above", "contains", "missing"),
}
LIKELY: Final = frozenset(
    [
        "_id",
        "_lastUpdated",
        "_tag",
        "code",
        "status",
        "subject",
        "patient",
        "encounter",
        "date",
        "category",
        "value-quantity",
        "name",
        "family",
        "given",
        "gender",
        "identifier",
        "combo-code",
        "component-code-value-quantity",
        "code-value-quantity",
        "component-value-quantity",
        "performer",
        "service-provider",
        "organization",
        "general-practitioner",
        "type",
        "class",
        "probability",
        "onset-date",
        "recorded",
        "agent",
        "target",
        "instantiates-uri",
        "birthdate",
        "active",
        "component-code-value-concept",
        "component-code",
        "combo-code-value-quantity",
        "participant",
    ]
)


@dataclass(frozen=True)
class Ask:
    """One request; `relation` is the link of the last answer to be followed instead."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    relation: str | None = None


@dataclass(frozen=True)
class Served:
    """What the CapabilityStatement names of a type."""

    parameters: tuple[tuple[str, str], ...]
    includes: tuple[str, ...]
    revincludes: tuple[str, ...]


def served(statement: Mapping[str, Any]) -> dict[str, Served]:
    """Read what is served of each type."""
    return {
        each["type"]: Served(
            tuple((p["name"], p["type"]) for p in each.get("searchParam", ())),
            tuple(each.get("searchInclude", ())),
            tuple(each.get("searchRevInclude", ())),
        )
        for each in statement["rest"][0]["resource"]
    }


class Vocabulary:
    """Draws ids, references, and criteria of what is served."""

    def __init__(self, rng: Random, statement: Mapping[str, Any]) -> None:
        self._rng = rng
        self._served = served(statement)

    def _type(self) -> str:
        return self._rng.choice(TYPES)

    def _id(self, resource_type: str) -> str:
        rng = self._rng
        if resource_type == "Patient":
            return rng.choice((*PATIENTS, "x1", "nobody"))
        if resource_type == "Observation" and rng.random() < 0.3:
            return rng.choice(("m0", "m1", "m2", "gone", "gone2"))
        if resource_type == "AuditEvent":
            return str(rng.randrange(1, 5))
        return (
            rng.choice(("x1", "x2", "none")) if rng.random() < 0.2 else self._planned(resource_type)
        )

    def _planned(self, resource_type: str) -> str:
        most = {"Organization": 3, "Practitioner": 3, "Encounter": 8}.get(resource_type, 24)
        return f"{LETTER.get(resource_type, 'z')}{self._rng.randrange(most)}"

    def _reference(self, name: str) -> str:
        targets = {
            "encounter": "Encounter",
            "performer": "Practitioner",
            "individual": "Practitioner",
            "participant": "Practitioner",
            "general-practitioner": "Practitioner",
            "organization": "Organization",
            "service-provider": "Organization",
            "partof": "Organization",
        }
        target = targets.get(name, "Patient")
        return self._rng.choice(("", "", f"{target}/")) + self._id(target)

    def _criterion(self, resource_type: str) -> tuple[str, str]:
        parameters = self._served[resource_type].parameters
        likely = [each for each in parameters if each[0] in LIKELY]
        some = likely if likely and self._rng.random() < 0.8 else parameters
        name, kind = self._rng.choice(some)
        modifier = ""
        if self._rng.random() < 0.2 and kind in _MODIFIERS:
            modifier = ":" + self._rng.choice(_MODIFIERS[kind])
        elif self._rng.random() < 0.05:
            modifier = ":missing"
        return name + modifier, self._values(name, kind, modifier, resource_type)

    def _values(self, name: str, kind: str, modifier: str, resource_type: str) -> str:
        if modifier == ":missing":
            return self._rng.choice(("true", "false"))
        count = self._rng.choice((1, 1, 1, 2))
        return ",".join(self._value(name, kind, modifier, resource_type) for _ in range(count))

    def _value(self, name: str, kind: str, modifier: str, resource_type: str) -> str:
        rng = self._rng
        code = rng.choice(CODES)
        prefix = rng.choice(_PREFIXES)
        unit = rng.choice(
            ("", f"|http://unitsofmeasure.org|{rng.choice(UNITS)}", f"||{rng.choice(UNITS)}")
        )
        quantity = f"{prefix}{rng.choice((1, 2, 5, 10, 2000))}{unit}"
        if name == "_id":
            return self._id(resource_type)
        if kind == "token":
            own = {"gender": ("male", "female"), "status": ("final", "planned", "draft")}.get(name)
            if modifier == ":text":
                return rng.choice(NAMES)
            if modifier == ":in":
                return "http://hl7.org/fhir/ValueSet/observation-status"
            return rng.choice(own or (code, f"{SYSTEM}|{code}", f"{SYSTEM}|", f"|{code}"))
        made = {
            "string": lambda: rng.choice(NAMES)[: rng.choice((2, 3, 9))],
            "date": lambda: prefix + rng.choice((*DATES, "2026-03-01", "2026-03-01T12:00:05Z")),
            "number": lambda: f"{prefix}{rng.choice((0, 1, 50))}",
            "quantity": lambda: quantity,
            "reference": lambda: self._reference(name),
            "uri": lambda: f"http://plans.example/{code}",
            "composite": lambda: f"{SYSTEM}|{code}$" + (quantity if "quantity" in name else code),
        }
        return made.get(kind, lambda: code)()
