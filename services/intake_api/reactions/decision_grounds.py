"""Evidence of a level of care was corrected: who decided by it is asked to look again, once.

The decision itself stays as it was told. The Task is withdrawn if the correction is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.corrected import cited, has_other_values
from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
from services.intake_api.domain.level_of_care.library import CRITERIA_SETS
from services.intake_api.domain.level_of_care.valuation import ALWAYS, needed
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.correction import Acted
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.dates import date_range, moment
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

# What changes as care goes on is no evidence of a mistake.
_GOES_ON: Final = frozenset({"Appointment", *ALWAYS})
TYPES: Final = frozenset(kind for each in CRITERIA_SETS for kind, _ in needed(each)) - _GOES_ON


async def handle(event: Event, effects: Effects) -> None:
    """Look at the decisions that cite an earlier version of what was written."""
    tx = effects.tx
    told = [
        content_of(await tx.read_version(event.key, number))
        for number in (event.version, event.version - 1)
    ]
    ids = sorted({each for t in told if t and (each := patient_of(t, "subject", tx.bases))})
    for patient_id in ids:
        if await has_open_episode(tx, patient_id):
            for found in await _citing(event, patient_id, tx):
                await _look(found, event, effects)


async def _citing(event: Event, patient_id: str, tx: Transaction) -> list[Found]:
    decided = await find(tx, "GuidanceResponse", ("patient", f"Patient/{patient_id}"))
    dated = (each for each in decided if "occurrenceDateTime" in each.content)
    about = f"{event.key}/"
    return [e for e in dated if any(one.startswith(about) for one in cited(e.content))]


async def _look(guidance: Found, event: Event, effects: Effects) -> None:
    tx = effects.tx
    who = await _decided_by(guidance, tx)
    key = Key("Task", correction.review_id(guidance.reference))
    present = await tx.read(key)
    before = content_of(present)
    if who is None:
        return
    acted = Acted(guidance.reference, guidance.content["subject"], who, str(event.key))
    after = _followed(
        before, acted, instant(effects.now), is_corrected=await _is_corrected(guidance, tx)
    )
    if after is None or after == before or (present is not None and present.deleted):
        return
    act = Act([str(key)], [f"{event.key}/_history/{event.version}"], instant(effects.now), "UPDATE")
    said = Key("Provenance", effects.id_for(f"decision/{guidance.key.id}"))
    changes = [
        Change(key, "PUT", present, after, effects.now),
        Change(said, "PUT", None, provenance(correction.POLICY, act), effects.now),
    ]
    await save(tx, changes)


def _followed(
    before: JsonObject | None, acted: Acted, at: str, *, is_corrected: bool
) -> JsonObject | None:
    if is_corrected:
        return correction.review(acted, at) if before is None else correction.restored(before)
    return correction.withdrawn(before) if before else None


async def _decided_by(guidance: Found, tx: Transaction) -> str | None:
    """Name the Practitioner who signed what rests on a level of care; the last one of several."""
    said = await find(tx, "Provenance", ("entity", guidance.reference))
    signed = [
        (each.content["recorded"], who)
        for each in said
        for agent in each.content["agent"]
        if (who := agent["who"].get("reference", "")).startswith("Practitioner/")
    ]
    return max(signed)[1] if signed else None


async def _is_corrected(guidance: Found, tx: Transaction) -> bool:
    before: list[Evidence] = []
    now: dict[str, JsonObject | None] = {}
    for each in cited(guidance.content):
        reference, _, number = each.partition("/_history/")
        key = Key(*reference.split("/"))
        content = content_of(await tx.read_version(key, int(number)))
        if content is not None:
            before.append(Evidence(each, content))
            now[reference] = _of_the_same(content, content_of(await tx.read(key)), tx)
    at = moment(date_range(guidance.content["occurrenceDateTime"], tx.zone)[0])
    return has_other_values(guidance.content, before, now, Moment(at, tx.zone, tx.bases))


def _of_the_same(before: JsonObject, now: JsonObject | None, tx: Transaction) -> JsonObject | None:
    """Give evidence as it is now; None where it turned out to be of somebody else."""
    whose = [patient_of(each, "subject", tx.bases) for each in (before, now or before)]
    return now if whose[0] == whose[1] else None


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may correct what was told before."""
    return bool(written["meta"]["versionId"] != "1")


REACTION: Final = Reaction("decision_grounds", TYPES, handle, concerns)
