"""A record in which codes, people and dates are as uneven as in life, written in bulk."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.references import Links
from shared.fhir.search.index import index
from shared.fhir.search.terms import hash_term
from shared.store.search.values import span_class, trigrams
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.store.search_record import Record

Resource = dict[str, Any]
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
# Half of all are vital signs; the rest fall off to codes that hardly anybody has.
CODES: Final = ("8302-2", "29463-7", "4548-4", "2339-0", "72166-2", "33914-3", *map(str, range(94)))
_BEGUN: Final = datetime(2020, 1, 1, tzinfo=UTC)
_FAMILIES: Final = ("Abel", "Berg", "Conti", "Dupont", "Frank", "Green", "Hansen", "Johnson")
_CITIES: Final = ("Boston", "Salem", "Worcester", "Lowell")


def skewed(scale: int) -> Iterator[Resource]:
    """Make `scale` patients, twenty observations of each, and the rest; the newest come last."""
    chance = random.Random(7)
    organizations = max(scale // 2, 20)
    for n in range(organizations):
        yield _organization(n)
    for n in range(scale):
        yield _patient(n, chance)
    for n in range(20 * scale):
        yield _observation(n, 20 * scale, chance.randrange(scale), chance)
    for n in range(5 * scale):
        yield _encounter(n, 5 * scale, chance)
        yield _request(n, 5 * scale, chance)


def _zipf(chance: random.Random, count: int) -> int:
    """Draw a place: the first is common, the last rare."""
    return min(int(count * chance.random() ** 4), count - 1)


def _time(n: int, count: int, chance: random.Random) -> datetime:
    return _BEGUN + timedelta(days=2000 * n / count, hours=chance.randrange(72))


def _coding(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _organization(n: int) -> Resource:
    city = _CITIES[min(n % 7, 3)] if n else "Nahant"
    name = f"{('General', 'Saint Mary', 'Northern')[min(n % 5, 2)]} Clinic {n}"
    return {
        "resourceType": "Organization", "id": f"g{n}", "name": name,
        "address": [{"city": city if n > 3 else f"Village{n}"}],
    }  # fmt: skip


def _patient(n: int, chance: random.Random) -> Resource:
    family = f"{_FAMILIES[_zipf(chance, 8)]}{n % 900}" if n % 100 else f"Xyl{n}"
    born = date(1930, 1, 1) + timedelta(days=chance.randrange(33_000))
    return {
        "resourceType": "Patient", "id": f"p{n}", "birthDate": born.isoformat(),
        "gender": ("female", "male")[n % 2] if n % 97 else "other",
        "name": [{"family": family, "given": [f"{_FAMILIES[n % 8]}{n % 300}"]}],
        "identifier": [{"system": "http://hospital.example", "value": f"mrn-{n}"}],
    }  # fmt: skip


def _observation(n: int, count: int, patient: int, chance: random.Random) -> Resource:
    place = _zipf(chance, len(CODES))
    at = _time(n, count, chance)
    quantity = {"value": 40 + n % 131, "unit": "kg", "system": UCUM, "code": "kg"}
    found: Resource = {
        "resourceType": "Observation", "id": f"o{n}", "status": "final",
        "code": _coding(LOINC, CODES[place]), "subject": {"reference": f"Patient/p{patient}"},
        "category": [_coding("http://c.example", "vital-signs" if place < 20 else "laboratory")],
        "effectiveDateTime": at.isoformat(),
    }  # fmt: skip
    if place % 4 == 3:
        return found | {
            "component": [
                {"code": _coding(LOINC, part), "valueQuantity": quantity}
                for part in ("8480-6", "8462-4")
            ]
        }
    return found | {"valueQuantity": quantity}


def _encounter(n: int, count: int, chance: random.Random) -> Resource:
    start = _time(n, count, chance)
    long = n % 50 == 0
    end = start + (timedelta(days=30) if long else timedelta(minutes=30))
    return {
        "resourceType": "Encounter", "id": f"e{n}",
        "status": "finished" if n % 200 else "in-progress",
        "class": {"code": "IMP" if long else ("EMER" if n % 10 == 0 else "AMB")},
        "subject": {"reference": f"Patient/p{chance.randrange(count // 5)}"},
        "period": {"start": start.isoformat(), "end": end.isoformat()},
        "serviceProvider": {"reference": f"Organization/g{_zipf(chance, 20)}"},
    }  # fmt: skip


def _request(n: int, count: int, chance: random.Random) -> Resource:
    return {
        "resourceType": "MedicationRequest", "id": f"m{n}", "intent": "order",
        "status": "completed" if n % 9 else "active",
        "medicationCodeableConcept": _coding(RXNORM, f"{_zipf(chance, 60)}"),
        "subject": {"reference": f"Patient/p{chance.randrange(count // 5)}"},
        "authoredOn": _time(n, count, chance).isoformat(),
        "requester": {"reference": f"Organization/g{_zipf(chance, 20)}"},
    }  # fmt: skip


_TABLES: Final = {
    "resource": ("tenant", "type", "id", "pk", "version", "deleted", "updated", "patient"),
    "version": ("tenant", "type", "id", "pk", "version", "updated", "deleted", "method", "body"),
    "search_row": (
        "tenant", "type", "id", "pk", "patient", "d_lo", "d_hi", "terms", "targets",
    ),
    "search_string": ("tenant", "type", "pk", "patient", "param", "norm", "exact", "tri"),
    "search_date": ("tenant", "type", "pk", "patient", "param", "lo", "hi", "span"),
    "search_quantity": (
        "tenant", "type", "pk", "patient", "param", "key", "element", "lo", "hi", "units",
        "canonical", "canonical_lo", "canonical_hi",
    ),
}  # fmt: skip


async def write_in_bulk(record: Record, resources: Iterable[Resource]) -> None:
    """Write what can be searched of resources, which refer only to those before them."""
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _TABLES}
    for resource in resources:
        key = f"{resource['resourceType']}/{resource['id']}"
        pk = record.pks.setdefault(key, len(record.pks) + 1)
        for table, rows in _rows(record, resource, pk):
            tables[table] += rows
    for name, columns in _TABLES.items():
        await record.connection.copy_records_to_table(
            name, schema_name="record", columns=columns, records=tables[name], timeout=600
        )
    await record.connection.execute(
        f"VACUUM ANALYZE {', '.join(f'record.{name}' for name in _TABLES)}", timeout=600
    )


def _rows(
    record: Record, resource: Resource, pk: int
) -> Iterator[tuple[str, Sequence[tuple[Any, ...]]]]:
    tenant, code = record.tenant, TYPE_CODE[resource["resourceType"]]
    found = index(resource, record.reading)
    patient = record.pks.get(f"Patient/{found.patients[0]}") if found.patients else None
    named = (Key(*key) for key in Links(resource).local_targets(record.reading.bases))
    targets = sorted({record.pks[str(key)] for key in named if str(key) in record.pks})
    terms = [hash_term(tenant, code, text) for text in found.terms]
    updated = _BEGUN + timedelta(seconds=pk)
    of, whose = (tenant, code, resource["id"], pk), (tenant, code, pk, patient)
    yield "resource", [(*of, 1, False, updated, patient)]
    yield "version", [(*of, 1, updated, False, "POST", "{}")]
    yield "search_row", [(*of, patient, *found.main, terms, targets)]
    yield "search_string", [(*whose, *each, trigrams(each[1])) for each in found.strings]
    yield "search_date", [(*whose, *each, span_class(*each[1:])) for each in found.dates]
    yield (
        "search_quantity",
        [
            (
                *whose,
                each.parameter,
                hash_term(tenant, code, each.key) if each.key else 0,
                each.element,
                each.low,
                each.high,
                [hash_term(tenant, code, unit) for unit in each.units],
                None if each.canonical is None else hash_term(tenant, code, each.canonical),
                each.canonical_low,
                each.canonical_high,
            )
            for each in found.quantities
        ],
    )
