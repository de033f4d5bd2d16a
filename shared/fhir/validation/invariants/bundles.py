"""Rules of a Bundle that are about its entries, each fault told at its entry.

https://hl7.org/fhir/R4/bundle.html#invs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.validation.finding import fault, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.validation.finding import Findings, Run

_REQUESTING: Final = frozenset({"batch", "transaction", "history"})
_RESPONDING: Final = frozenset({"batch-response", "transaction-response", "history"})
_FIRST: Final = {"document": ("Composition", "bdl-11"), "message": ("MessageHeader", "bdl-12")}

Told = tuple[str, str]


def check_entries(value: dict[str, Any], run: Run) -> Findings | None:
    """Check the entries of a Bundle against its type and each other."""
    found: Findings = []
    for place, told in _told(value):
        found += within(place, fault("invariant", told))
        if len(found) >= run.limit:
            break
    return found or None


def _told(bundle: dict[str, Any]) -> Iterator[Told]:
    kind, entries = bundle.get("type", ""), bundle.get("entry", ())
    if kind in _FIRST:
        yield from _wrong_first(entries, *_FIRST[kind])
    for name, kinds, key in (
        ("request", _REQUESTING, "bdl-3"),
        ("response", _RESPONDING, "bdl-4"),
    ):
        yield from _presence(entries, name, key, wanted=kind in kinds)
    if kind != "history":
        yield from _repeated(entries)


def _wrong_first(entries: Any, wanted: str, key: str) -> Iterator[Told]:  # noqa: ANN401
    first = entries[0].get("resource", {}) if entries else {}
    if first.get("resourceType") != wanted:
        yield ".entry[0].resource", f"The first resource of this Bundle is a {wanted} ({key})."


def _presence(entries: Any, name: str, key: str, *, wanted: bool) -> Iterator[Told]:  # noqa: ANN401
    for index, entry in enumerate(entries):
        if (name in entry) is not wanted:
            must = "must" if wanted else "may not"
            yield f".entry[{index}]", f"An entry of this Bundle {must} have a {name} ({key})."


def _repeated(entries: Any) -> Iterator[Told]:  # noqa: ANN401
    seen: set[Told] = set()
    for index, entry in enumerate(entries):
        if "fullUrl" in entry:
            meta = entry.get("resource", {}).get("meta", {})
            version = (entry["fullUrl"], meta.get("versionId", ""))
            if version in seen:
                yield f".entry[{index}].fullUrl", _TWICE
            seen.add(version)


_TWICE: Final = "A fullUrl stands once in a Bundle, or with other versions (bdl-7)."
