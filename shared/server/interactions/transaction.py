"""FHIR transaction: all entries of a Bundle, or none.

Whatever their order in the Bundle, entries take effect as the specification orders them: DELETE,
POST, PUT, GET, and conditional references may match what the transaction itself created.
https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from shared.fhir.errors import FhirError, Malformed, NotSupported
from shared.fhir.references import references_in
from shared.server.bodies import identified_as, resource_of
from shared.server.conditional_references import resolve
from shared.server.conditions import hold
from shared.server.entries import Entry, check_shape, entry_of
from shared.server.ids import new_id
from shared.server.interactions.bundle import entry_response
from shared.server.interactions.create import location, one_match
from shared.server.interactions.read import read
from shared.server.interactions.search import search
from shared.server.interactions.update import carry_forward, content_of, same
from shared.server.interactions.vread import vread
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.server.searchset import response_bundle
from shared.store.version import Change, Key, Version

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction

_T = TypeVar("_T")
_READS: Final = {"read": read, "vread": vread, "search-type": search}


@dataclass(frozen=True, slots=True)
class Step:
    """An entry with the resource it is about: a change, or what stands already."""

    entry: Entry
    key: Key
    change: Change | None
    standing: Version | None = None


async def transaction(tx: Transaction, request: FhirRequest, context: Context) -> FhirResponse:
    """Run all entries of a transaction.

    :raises FhirError: the first refusal, with the place of its entry.
    """
    bundle = request.resource or {}
    check_shape(bundle)
    entries = [entry_of(bundle, i, context) for i in range(len(bundle.get("entry", ())))]
    steps = [await _step(tx, entry, context) for entry in _writes(entries)]
    _refuse_twins(steps)
    await _link(tx, steps, context)
    answers = await _saved(tx, steps, context)
    for entry in entries:
        if entry.place not in answers:
            answers[entry.place] = await _placed(_read(tx, entry, context), entry)
    in_order = [answers[entry.place] for entry in entries]
    told = [(entry_response(answer), answer.body) for answer in in_order]
    return FhirResponse(200, response_bundle("transaction-response", told))


def _writes(entries: list[Entry]) -> list[Entry]:
    order = {"delete": 0, "create": 1, "update": 2}
    writes = [entry for entry in entries if entry.request.interaction in order]
    return sorted(writes, key=lambda entry: order[entry.request.interaction])


async def _step(tx: Transaction, entry: Entry, context: Context) -> Step:
    step = {"delete": _delete, "create": _create, "update": _update}[entry.request.interaction]
    return await _placed(step(tx, entry, context), entry)


async def _create(tx: Transaction, entry: Entry, context: Context) -> Step:
    resource = resource_of(entry.request)
    criteria = entry.request.headers.get("if-none-exist")
    if criteria is not None:
        found = await one_match(tx, entry.request.type or "", criteria, context)
        if found is not None:
            return Step(entry, found.key, None, found)
    key = Key(entry.request.type or "", new_id(context.now))
    return Step(entry, key, Change(key, "POST", None, resource | {"id": key.id}, context.now))


async def _update(tx: Transaction, entry: Entry, context: Context) -> Step:
    resource = resource_of(entry.request)
    key = Key(entry.request.type or "", entry.request.id or "")
    identified_as(resource, key.id)
    current = await tx.read(key)
    hold(entry.request.headers, current)
    resource = carry_forward(content_of(current), resource)
    return Step(entry, key, Change(key, "PUT", current, resource, context.now))


async def _delete(tx: Transaction, entry: Entry, context: Context) -> Step:
    key = Key(entry.request.type or "", entry.request.id or "")
    current = await tx.read(key)
    hold(entry.request.headers, current)
    if current is None or current.deleted:
        return Step(entry, key, None, current)
    return Step(entry, key, Change(key, "DELETE", current, None, context.now))


def _refuse_twins(steps: list[Step]) -> None:
    seen: dict[Key, str] = {}
    for step in steps:
        if step.key in seen:
            raise Malformed(
                f"The same resource is meant twice, here and at {seen[step.key]}.",
                expression=step.entry.place,
            )
        seen[step.key] = step.entry.place


async def _link(tx: Transaction, steps: list[Step], context: Context) -> None:
    """Rewrite links to entries, then conditional references, in the resources themselves."""
    targets = {step.entry.full_url: str(step.key) for step in steps if step.entry.full_url}
    changes = [step.change for step in steps if step.change is not None]
    places = {step.key: f"{step.entry.place}.resource" for step in steps}
    for change in changes:
        if change.links is not None:
            change.links.rewrite(targets)
            _refuse_unresolved(change, places[change.key])
    found = await resolve(tx, changes, places, context)
    for change in changes:
        if change.links is not None and found:
            change.links.rewrite(found)


def _refuse_unresolved(change: Change, place: str) -> None:
    texts = change.links.references() if change.links else ()
    if not any(text.startswith("urn:uuid:") for text in texts):
        return
    for at, reference in references_in(change.after or {}, change.key.type):
        if str(reference.get("reference")).startswith("urn:uuid:"):
            raise Malformed(
                "No entry of the transaction has this fullUrl.",
                expression=place + at.removeprefix(change.key.type),
            )


async def _saved(tx: Transaction, steps: list[Step], context: Context) -> dict[str, FhirResponse]:
    changes = [step.change for step in steps if step.change is not None]
    places = {step.key: f"{step.entry.place}.resource" for step in steps}
    needed = [change for change in changes if not _changes_nothing(change)]
    saved = {version.key: version for version in await save(tx, needed, places)}
    return {step.entry.place: _told(step, saved.get(step.key), context) for step in steps}


def _changes_nothing(change: Change) -> bool:
    before = content_of(change.before)
    return before is not None and change.after is not None and same(before, change.after)


def _told(step: Step, saved: Version | None, context: Context) -> FhirResponse:
    if step.entry.request.interaction == "delete":
        return FhirResponse(204, None, saved or step.standing)
    version = saved or step.standing or (step.change.before if step.change else None)
    if version is None:
        raise AssertionError("a create or update ends in a version")
    made = saved is not None and (
        step.change is None or step.change.before is None or step.change.before.deleted
    )
    return FhirResponse(201 if made else 200, version.body, version, location(version, context))


async def _read(tx: Transaction, entry: Entry, context: Context) -> FhirResponse:
    handle = _READS.get(entry.request.interaction)
    if handle is None:
        raise NotSupported("A transaction takes create, update, delete, read, vread and search.")
    return await handle(tx, entry.request, context)


async def _placed(answer: Awaitable[_T], entry: Entry) -> _T:
    """Tell of a refusal at which entry it was."""
    try:
        return await answer
    except FhirError as error:
        issues = tuple(replace(each, expression=entry.place) for each in error.issues)
        raise type(error)(issues=issues, headers=error.headers) from None
