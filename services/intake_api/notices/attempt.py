"""Keeps a notice as a whole, or nothing of it: then a person is told, once, by a Task.

Once the notice could be kept after all, the Task is completed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain.notice.unkept import POLICY, answered, unkept, unkept_id
from services.intake_api.notices.elsewhere import have_written
from shared.care.automatic import Act, derived_id, provenance
from shared.fhir.errors import EditConflict, FhirError, Unavailable
from shared.server.interactions.update import content_of
from shared.server.known_profiles import profiles_claimed
from shared.server.saving import refuse_broken_rules, save
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.intake_api.domain.notice.message import Notice
    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Version

    Keep = Callable[[], Awaitable[list[Change]]]


async def kept_or_told(effects: Effects, notice: Notice, source: Found, keep: Keep) -> None:
    """Keep a notice by what `keep` does, and else tell a person why; `source` is what led to it."""
    known = await effects.tx.read(Key("Task", unkept_id(notice)))
    told, at = content_of(known), instant(effects.now)
    refused = await _refused(effects, keep)
    if refused is None:
        task = answered(told, at) if told else None
    else:
        task = None if known else unkept(notice, refused.issues, at)
    if task is not None:
        await _tell(task, known, source, effects)


async def _refused(effects: Effects, keep: Keep) -> FhirError | None:
    try:
        async with effects.tx.attempt():
            elsewhere = await keep()
            await _refuse(elsewhere, effects.tx)
            await have_written(effects, elsewhere)
    except (EditConflict, Unavailable):
        raise  # by chance: it is tried again
    except FhirError as error:
        return error
    return None


async def _refuse(changes: list[Change], tx: Transaction) -> None:
    """Refuse beforehand what another owner would refuse when all else is kept already."""
    if changes:
        contents = [each.after for each in changes if each.after is not None]
        now = changes[0].now.astimezone(tx.zone)
        refuse_broken_rules(changes, {}, tx, await profiles_claimed(tx, contents, now=now))


async def _tell(task: JsonObject, before: Version | None, source: Found, effects: Effects) -> None:
    key, number = Key("Task", task["id"]), before.number + 1 if before else 1
    act = Act(
        [str(key)],
        [source.versioned],
        instant(effects.now),
        activity="UPDATE" if before else "CREATE",
    )
    said = Key("Provenance", derived_id(f"{key}/{number}", POLICY.name))
    changes = [
        Change(key, "PUT", before, task, effects.now),
        Change(said, "PUT", None, provenance(POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)
