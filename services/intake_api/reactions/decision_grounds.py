"""Evidence of a level of care was corrected: who decided by it is asked to look again, once.

The decision itself stays as it was told. The Task is withdrawn if the correction is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.decline_review import is_declined
from services.intake_api.domain.level_of_care.corrected import cited, has_other_values
from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
from services.intake_api.domain.level_of_care.library import CRITERIA_SETS
from services.intake_api.domain.level_of_care.valuation import ALWAYS, needed
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.correction import Acted
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, persons_merged
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.dates import date_range, moment
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

# What changes as care goes on is no evidence of a mistake.
_GOES_ON: Final = frozenset({"Appointment", *ALWAYS})
TYPES: Final = frozenset(kind for each in CRITERIA_SETS for kind, _ in needed(each)) - _GOES_ON


async def handle(event: Event, effects: Effects) -> None:
    """Look at the decisions that cite an earlier version of what was written.

    A merge, or one that is taken back, may correct whose any evidence was.
    """
    for person in await _persons(event, effects.tx):
        if await _is_or_was_to_be_in_care(person, effects.tx):
            for found in await _decided(event, person, effects.tx):
                await _look(found, person, event, effects)


async def _is_or_was_to_be_in_care(person: OnePerson, tx: Transaction) -> bool:
    """Tell whether a person is in care, or was declined, which who declined may think over."""
    if await has_open_episode(tx, person.survivor):
        return True
    ended = await find(tx, "EpisodeOfCare", person.criterion, ("status", "cancelled"))
    return any(is_declined(each.content) for each in ended)


async def _persons(event: Event, tx: Transaction) -> list[OnePerson]:
    """Name whom a write is or was about."""
    if event.key.type == "Patient":
        return await persons_merged(event, tx)
    told = [
        content_of(await tx.read_version(event.key, number))
        for number in (event.version, event.version - 1)
    ]
    ids = sorted({each for t in told if t and (each := patient_of(t, "subject", tx.bases))})
    return list(dict.fromkeys([await one_person(tx, each) for each in ids]))


async def _decided(event: Event, person: OnePerson, tx: Transaction) -> list[Found]:
    decided = await find(tx, "GuidanceResponse", person.criterion)
    dated = (each for each in decided if "occurrenceDateTime" in each.content)
    about, any_of_them = f"{event.key}/", event.key.type == "Patient"
    return [
        each
        for each in dated
        if any_of_them or any(one.startswith(about) for one in cited(each.content))
    ]


async def _look(guidance: Found, person: OnePerson, event: Event, effects: Effects) -> None:
    tx = effects.tx
    who = await _decided_by(guidance, tx)
    key = Key("Task", correction.review_id(guidance.reference))
    present = await tx.read(key)
    before = content_of(present)
    if who is None:
        return
    acted = Acted(guidance.reference, guidance.content["subject"], who, str(event.key))
    is_corrected = await _is_corrected(guidance, person, tx)
    after = _followed(before, acted, instant(effects.now), is_corrected=is_corrected)
    if after is None or after == before or (present is not None and present.deleted):
        return
    act = Act([str(key)], await _sources(event, tx), instant(effects.now), "UPDATE")
    said = Key("Provenance", effects.id_for(f"decision/{guidance.key.id}"))
    changes = [
        Change(key, "PUT", present, after, effects.now),
        Change(said, "PUT", None, provenance(correction.POLICY, act), effects.now),
    ]
    await save(tx, changes)


async def _sources(event: Event, tx: Transaction) -> list[str]:
    """Name the version that led here, and the one that stands, by which it was judged."""
    standing = await tx.read(event.key)
    numbers = dict.fromkeys([event.version, standing.number if standing else event.version])
    return [f"{event.key}/_history/{each}" for each in numbers]


def _followed(
    before: JsonObject | None, acted: Acted, at: str, *, is_corrected: bool
) -> JsonObject | None:
    if before is None:
        return correction.review(acted, at) if is_corrected else None
    return correction.asked_again(before, at) if is_corrected else correction.withdrawn(before)


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


async def _is_corrected(guidance: Found, person: OnePerson, tx: Transaction) -> bool:
    before: list[Evidence] = []
    now: dict[str, JsonObject | None] = {}
    for each in cited(guidance.content):
        reference, _, number = each.partition("/_history/")
        key = Key(*reference.split("/"))
        content = content_of(await tx.read_version(key, int(number)))
        if content is not None:
            before.append(Evidence(each, content))
            now[reference] = _of_the_person(person, content_of(await tx.read(key)), tx)
    at = moment(date_range(guidance.content["occurrenceDateTime"], tx.zone)[0])
    return has_other_values(guidance.content, before, now, Moment(at, tx.zone, tx.bases))


def _of_the_person(person: OnePerson, now: JsonObject | None, tx: Transaction) -> JsonObject | None:
    """Give evidence as it is now; None where it turned out to be of somebody else."""
    if now is None or now["resourceType"] == "Patient":
        return now
    element = "patient" if "patient" in now else "subject"
    return now if patient_of(now, element, tx.bases) in person.ids else None


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may correct what was told before, or whose it was."""
    if written["resourceType"] == "Patient":
        return may_merge(written)
    return bool(written["meta"]["versionId"] != "1")


REACTION: Final = Reaction("decision_grounds", TYPES | {"Patient"}, handle, concerns)
