"""The thirty shapes of search: each draws its values from the record, and asks for a page of 20."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlencode

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.bench.samples import Samples

COUNT: Final = 20
_TRIES: Final = 10_000
TYPES: Final = ("Patient", "Observation", "Encounter", "Organization", "MedicationRequest")
Pairs = list[tuple[str, str]]
Resource = dict[str, Any]


class Shape(NamedTuple):
    """A shape: its name, the type, and what makes the parameters from a resource of that type."""

    name: str
    type: str
    pairs: Callable[[Resource, random.Random], Pairs]

    def search(self, samples: Samples, chance: random.Random) -> str:
        """Write a search with values of a random resource that has them.

        :raises NoValue: when so many have none that hardly any can.
        """
        for _ in range(_TRIES):
            try:
                pairs = self.pairs(samples.one(self.type, chance), chance)
            except KeyError:
                continue
            return f"{self.type}?{urlencode([*pairs, ('_count', str(COUNT))], safe=':|$,/')}"
        raise NoValue(f"no {self.type} has what is asked for")


class NoValue(Exception):
    """The record has no value for a shape."""


def _family(patient: Resource) -> str:
    return str(patient["name"][0]["family"])


def _code(resource: Resource) -> str:
    coding = resource["code"]["coding"][0]
    return f"{coding['system']}|{coding['code']}"


def _drug(request: Resource) -> str:
    coding = request["medicationCodeableConcept"]["coding"][0]
    return f"{coding['system']}|{coding['code']}"


def _day(text: str, days: int = 0) -> str:
    return (date.fromisoformat(text[:10]) + timedelta(days=days)).isoformat()


def _effective(observation: Resource, days: int = 0) -> str:
    return _day(observation["effectiveDateTime"], days)


def _start(encounter: Resource, days: int = 0) -> str:
    return _day(encounter["period"]["start"], days)


def _quantity(observation: Resource) -> str:
    value = observation["valueQuantity"]
    return f"gt{value['value']}|{value['system']}|{value['code']}"


def _number(observation: Resource) -> str:
    return f"{observation['valueQuantity']['value']}"


def _pressure(observation: Resource) -> str:
    component = observation["component"][0]
    coding = component["code"]["coding"][0]
    return f"{coding['system']}|{coding['code']}$gt{component['valueQuantity']['value']}"


def _category(resource: Resource) -> str:
    return str(resource["category"][0]["coding"][0]["code"])


def _codes(observation: Resource, chance: random.Random) -> str:
    # As many further codes as a value set has, of which few are common.
    others = (f"http://loinc.org|{chance.randrange(1000, 99999)}-{n % 10}" for n in range(19))
    return ",".join((_code(observation), *others))


# Measured of nearly everybody, of many, of few.
_MEASURES: Final = tuple(
    f"http://loinc.org|{code}"
    for code in ("8302-2", "29463-7", "4548-4", "2339-0", "72166-2", "33914-3", "2857-1", "5792-7")
)
_NAMES: Final = ("Ab", "Be", "Co", "Du", "Fr", "Gr", "Ha", "Jo", "Ke", "Le", "Mo", "Ri", "Sc", "Wa")
SHAPES: Final = (
    Shape("name", "Patient", lambda r, _: [("name", _family(r)[:3])]),
    Shape("family:contains", "Patient", lambda r, _: [("family:contains", _family(r)[1:5])]),
    Shape(
        "identifier",
        "Patient",
        lambda r, _: [
            ("identifier", f"{r['identifier'][0]['system']}|{r['identifier'][0]['value']}")
        ],
    ),
    Shape("birthdate", "Patient", lambda r, _: [("birthdate", r["birthDate"])]),
    Shape(
        "birthdate ge lt, sort family",
        "Patient",
        lambda r, _: [
            ("birthdate", f"ge{r['birthDate']}"),
            ("birthdate", f"lt{_day(r['birthDate'], 365)}"),
            ("_sort", "family"),
        ],
    ),
    Shape(
        "gender, sort family",
        "Patient",
        lambda r, _: [("gender", r["gender"]), ("_sort", "family,given")],
    ),
    Shape(
        "_has:Observation:patient:code",
        "Patient",
        lambda _, c: [("_has:Observation:patient:code", c.choice(_MEASURES))],
    ),
    Shape("code", "Observation", lambda r, _: [("code", _code(r))]),
    Shape("code, sort -date", "Observation", lambda r, _: [("code", _code(r)), ("_sort", "-date")]),
    Shape(
        "20 codes, sort -date",
        "Observation",
        lambda r, c: [("code", _codes(r, c)), ("_sort", "-date")],
    ),
    Shape(
        "patient, code",
        "Observation",
        lambda r, _: [("patient", r["subject"]["reference"]), ("code", _code(r))],
    ),
    Shape(
        "patient, category, date ge, sort -date",
        "Observation",
        lambda r, _: [
            ("patient", r["subject"]["reference"]),
            ("category", _category(r)),
            ("date", f"ge{_effective(r, -365)}"),
            ("_sort", "-date"),
        ],
    ),
    Shape("date eq", "Observation", lambda r, _: [("date", _effective(r))]),
    Shape(
        "code, date gt, sort date",
        "Observation",
        lambda r, _: [("code", _code(r)), ("date", f"gt{_effective(r)}"), ("_sort", "date")],
    ),
    Shape("date sa", "Observation", lambda r, _: [("date", f"sa{_effective(r)}")]),
    Shape("date ap", "Observation", lambda r, _: [("date", f"ap{_effective(r)}")]),
    Shape(
        "code, date ne",
        "Observation",
        lambda r, _: [("code", _code(r)), ("date", f"ne{_effective(r)}")],
    ),
    Shape(
        "code, value-quantity",
        "Observation",
        lambda r, _: [("code", _code(r)), ("value-quantity", _quantity(r))],
    ),
    Shape("value-quantity", "Observation", lambda r, _: [("value-quantity", _quantity(r))]),
    Shape(
        "code-value-quantity",
        "Observation",
        lambda r, _: [("code-value-quantity", f"{_code(r)}$gt{_number(r)}")],
    ),
    Shape(
        "component-code-value-quantity",
        "Observation",
        lambda r, _: [("component-code-value-quantity", _pressure(r))],
    ),
    Shape(
        "subject:Patient.name, code",
        "Observation",
        lambda r, c: [("subject:Patient.name", c.choice(_NAMES)), ("code", _code(r))],
    ),
    Shape(
        "code, _include subject",
        "Observation",
        lambda r, _: [("code", _code(r)), ("_include", "Observation:subject")],
    ),
    Shape(
        "patient, status, date lt",
        "Encounter",
        lambda r, _: [
            ("patient", r["subject"]["reference"]),
            ("status", r["status"]),
            ("date", f"lt{_start(r, 1)}"),
        ],
    ),
    Shape(
        "class, date le, sort -date",
        "Encounter",
        lambda r, _: [
            ("class", r["class"]["code"]),
            ("date", f"le{_start(r)}"),
            ("_sort", "-date"),
        ],
    ),
    Shape(
        "date eb, service-provider",
        "Encounter",
        lambda r, _: [
            ("service-provider", r["serviceProvider"]["reference"]),
            ("date", f"eb{_start(r)}"),
        ],
    ),
    Shape(
        "name:contains, sort name",
        "Organization",
        lambda r, _: [("name:contains", r["name"][1:6]), ("_sort", "name")],
    ),
    Shape("address-city", "Organization", lambda r, _: [("address-city", r["address"][0]["city"])]),
    Shape(
        "patient, status",
        "MedicationRequest",
        lambda r, _: [("patient", r["subject"]["reference"]), ("status", r["status"])],
    ),
    Shape(
        "code, sort -authoredon, _include",
        "MedicationRequest",
        lambda r, _: [
            ("code", _drug(r)),
            ("_sort", "-authoredon"),
            ("_include", "MedicationRequest:requester"),
        ],
    ),
)
