"""From a decided change to the columns of the write statement; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.reader import read
from shared.fhir.references import Links, parse_reference
from shared.fhir.search.index import IndexRow, index
from shared.fhir.search.terms import hash_term
from shared.fhir.writer import splice, write
from shared.store.chain import digest, sums
from shared.store.search.values import span_class, trigrams
from shared.store.terms import reference_term
from shared.store.version import Change, Key, Version, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

_EMPTY: Final = IndexRow()


@dataclass(frozen=True, slots=True)
class Row:
    """One change as it is stored: the version, and what can be searched of it."""

    version: Version
    index: IndexRow
    terms: tuple[int, ...]
    patient: Key | None
    targets: frozenset[Key] = frozenset()
    patient_pk: int | None = None
    target_pks: tuple[int, ...] = ()

    @property
    def linked(self) -> set[Key]:
        """The resources whose internal keys are stored with it."""
        return {*self.targets, self.patient} if self.patient else {*self.targets}

    @property
    def stream(self) -> str | None:
        """The patient's stream that the change belongs to; None where it is by itself."""
        return None if self.patient_pk is None else str(self.patient)

    def with_keys(self, pks: Mapping[Key, int]) -> Row:
        """Put in the internal keys of what it is linked to, as far as it exists."""
        found = {pks[key] for key in self.targets if key in pks}
        patient = None if self.patient is None else pks.get(self.patient)
        return replace(self, patient_pk=patient, target_pks=tuple(sorted(found)))


def prepare(change: Change, pk: int, tenant: int, reading: Reading) -> Row:
    """Make the stored form of a change."""
    number, updated = change.number, change.updated
    deleted = change.after is None
    body = None if change.after is None else _body(change, change.after)
    version = Version(change.key, pk, number, updated, deleted, change.method, body)
    found = _EMPTY if change.after is None else index(change.after, reading)
    targets = _targets(change, reading.bases)
    terms = _terms(change.key.type, found, targets, tenant)
    return Row(version, found, terms, _patient(change, found, reading), targets)


def indexed_anew(version: Version, tenant: int, reading: Reading) -> Row:
    """Make what can be searched of a current version that is stored.

    Whom it is about stays as it was decided when it was written: that says who may see it.
    """
    content = read(version.body or b"")
    found = index(content, reading)
    targets = frozenset(Key(*key) for key in Links(content).local_targets(reading.bases))
    terms = _terms(version.key.type, found, targets, tenant)
    return Row(replace(version, body=None), found, terms, None, targets)


def columns(rows: Sequence[Row], tenant: int) -> list[list[Any]]:
    """Turn rows into the arrays of the write statement, in its order."""
    return [
        *_main_columns(rows),
        *_string_columns(rows),
        *_date_columns(rows),
        *_quantity_columns(rows, tenant),
    ]


def chained(rows: Sequence[Row], tenant: int, at: datetime) -> list[bytes]:
    """Sum up the rows for the chains of their streams."""
    return sums((row.stream, digest(tenant, row.version, row.patient_pk, at)) for row in rows)


def _body(change: Change, after: JsonObject) -> bytes:
    meta = dict(after.get("meta") or {})
    meta["versionId"] = str(change.number)
    meta["lastUpdated"] = instant(change.updated)
    if change.raw is not None:
        return splice(change.raw, change.key.id, meta)
    head = {"resourceType": change.key.type, "id": change.key.id, "meta": meta}
    return write(head | {name: value for name, value in after.items() if name not in head})


def _targets(change: Change, bases: tuple[str, ...]) -> frozenset[Key]:
    if change.links is None:
        return frozenset()
    return frozenset(Key(*key) for key in change.links.local_targets(bases))


def _terms(
    resource_type: str, found: IndexRow, targets: frozenset[Key], tenant: int
) -> tuple[int, ...]:
    code = TYPE_CODE[resource_type]
    terms = {hash_term(tenant, code, text) for text in found.terms}
    terms |= {reference_term(tenant, key) for key in targets}
    return tuple(sorted(terms))


def _patient(change: Change, found: IndexRow, reading: Reading) -> Key | None:
    """Name the one patient whose stream and compartment the resource belongs to.

    A deletion stays where the resource was: whoever follows the patient must learn of it.
    """
    content = change.after
    if content is None and change.before is not None and change.before.body is not None:
        content = read(change.before.body)
        found = index(content, reading)
    if change.key.type == "Binary" and content is not None:
        return _secured_as(content, reading)
    return Key("Patient", found.patients[0]) if len(found.patients) == 1 else None


def _secured_as(binary: JsonObject, reading: Reading) -> Key | None:
    """Name the patient whose access a Binary asks for: in no compartment, it says so itself.

    https://hl7.org/fhir/R4/binary-definitions.html#Binary.securityContext
    """
    link = parse_reference(binary.get("securityContext", {}).get("reference", ""), reading.bases)
    is_patient = link.kind == "local" and link.type == "Patient"
    return Key("Patient", link.id or "") if is_patient else None


def _main_columns(rows: Sequence[Row]) -> list[list[Any]]:
    versions = [row.version for row in rows]
    return [
        [TYPE_CODE[version.key.type] for version in versions],
        [version.key.id for version in versions],
        [version.pk for version in versions],
        [version.number for version in versions],
        [version.updated for version in versions],
        [version.deleted for version in versions],
        [row.patient_pk for row in rows],
        [version.method for version in versions],
        [None if version.body is None else version.body.decode() for version in versions],
        [row.stream for row in rows],
        [row.index.main[0] for row in rows],
        [row.index.main[1] for row in rows],
        [_array(row.terms) for row in rows],
        [_array(row.target_pks) for row in rows],
        [str(version.key) for version in versions],
    ]


def _string_columns(rows: Sequence[Row]) -> list[list[Any]]:
    strings = [(nr, *value) for nr, row in enumerate(rows, 1) for value in row.index.strings]
    return [
        [nr for nr, _, _, _ in strings],
        [param for _, param, _, _ in strings],
        [norm for _, _, norm, _ in strings],
        [exact for _, _, _, exact in strings],
        [_array(trigrams(norm)) for _, _, norm, _ in strings],
    ]


def _date_columns(rows: Sequence[Row]) -> list[list[Any]]:
    dates = [(nr, *value) for nr, row in enumerate(rows, 1) for value in row.index.dates]
    return [
        [nr for nr, _, _, _ in dates],
        [param for _, param, _, _ in dates],
        [span_class(lo, hi) for _, _, lo, hi in dates],
        [lo for _, _, lo, _ in dates],
        [hi for _, _, _, hi in dates],
    ]


def _quantity_columns(rows: Sequence[Row], tenant: int) -> list[list[Any]]:
    found = [(nr, row, each) for nr, row in enumerate(rows, 1) for each in row.index.quantities]

    def hashed(row: Row, text: str) -> int:
        return hash_term(tenant, TYPE_CODE[row.version.key.type], text)

    return [
        [nr for nr, _, _ in found],
        [each.parameter for _, _, each in found],
        [hashed(row, each.key) if each.key else 0 for _, row, each in found],
        [each.element for _, _, each in found],
        [each.low for _, _, each in found],
        [each.high for _, _, each in found],
        [_array([hashed(row, unit) for unit in each.units]) for _, row, each in found],
        [None if each.canonical is None else hashed(row, each.canonical) for _, row, each in found],
        [each.canonical_low for _, _, each in found],
        [each.canonical_high for _, _, each in found],
    ]


def text_columns(rows: Sequence[Row]) -> list[list[Any]]:
    """Turn the texts of rows into arrays, each once: type, parameter, text, trigrams."""
    texts = {
        (TYPE_CODE[row.version.key.type], parameter, text): None
        for row in rows
        for parameter, text in row.index.texts
    }
    return [
        [code for code, _, _ in texts],
        [parameter for _, parameter, _ in texts],
        [text for _, _, text in texts],
        [_array(trigrams(text)) for _, _, text in texts],
    ]


def _array(numbers: Sequence[int]) -> str:
    # Rows of different lengths cannot be one two-dimensional array: each travels as text.
    return "{" + ",".join(map(str, numbers)) + "}"
