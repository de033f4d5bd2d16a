"""What a service publishes in the record when it starts: its definitions, each under its own id.

Those of its own types it writes; those of another owner it sends, as any effect elsewhere. What
stands there already, by whichever process of whichever copy, is left alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from shared.access.access import Access
from shared.fhir.writer import write
from shared.server.interactions.update import carry_forward, content_of, same
from shared.server.operation_definitions import operation_definitions
from shared.server.saving import save
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.definition import ServiceDefinition
    from shared.store.store import Store
    from shared.store.transaction import Transaction

# Sent once for each content, in one stream, so that a later release's comes after an earlier's.
_SEND: Final = """
INSERT INTO {schema}.outbound
  (tenant, key, stream, target, method, path, body, created, next_attempt)
VALUES ($1, $2, 'library', $3, 'POST', '', $4, clock_timestamp(), now())
ON CONFLICT (tenant, key) DO NOTHING
"""


def library_of(definition: ServiceDefinition) -> list[JsonObject]:
    """List all that a service publishes: its library, its profiles, its operations."""
    operations = operation_definitions(definition.operations)
    return [*definition.library, *definition.profiles, *operations]


async def publish(store: Store, definition: ServiceDefinition) -> None:
    """Bring the record's copy of what a service publishes up to date."""
    by_owner: dict[str, list[JsonObject]] = {}
    for resource in library_of(definition):
        by_owner.setdefault(definition.owner_of(resource["resourceType"]), []).append(resource)
    async with store.begin(Access.system(store.service, store.tenant), "library") as tx:
        # The workers of a service start at the same moment: one writes, the others find it done.
        await tx.hold_conditions([f"library of {definition.name}"])
        await _write(tx, by_owner.pop(definition.name, []), store)
        for owner, resources in by_owner.items():
            await _send(tx, owner, resources)


async def _write(tx: Transaction, resources: Sequence[JsonObject], store: Store) -> None:
    changes = []
    for resource in resources:
        key = Key(resource["resourceType"], resource["id"])
        current = await tx.read(key)
        before = content_of(current)
        after = carry_forward(before, resource)
        if before is None or not same(before, after):
            changes.append(Change(key, "PUT", current, after, store.now()))
    await save(tx, changes)


async def _send(tx: Transaction, owner: str, resources: Sequence[JsonObject]) -> None:
    entries = [
        {
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in resources
    ]
    body = write({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    key = f"library/{hashlib.sha256(body).hexdigest()}"
    statement = _SEND.format(schema=tx.act.service)
    await tx.connection.execute(statement, tx.access.tenant, key, owner, body.decode())
