"""All places of the programme are taken: the person waits, and gets the next that is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.cli.story import cast
from services.synthetic.marks import FAMILY_NAME_PREFIX, META
from shared.care.canonical import code_system, profile
from shared.care.episode import PROGRAMME

if TYPE_CHECKING:
    from services.cli.story.cast import Person
    from services.cli.story.player import Player
    from services.cli.story.teller import Teller
    from shared.fhir.reader import JsonObject

_IN_PROGRAMME: Final = {
    "type": f"{PROGRAMME['system']}|{PROGRAMME['code']}",
    "status": "active,onhold",
}


async def wait(player: Player, tell: Teller, person: Person) -> None:
    """Somebody has the last place, and leaves it."""
    places = await player.count("EpisodeOfCare", **_IN_PROGRAMME) + 1
    before = _before(person)
    await player.together([*before, _service(person, places)], cast.THERAPIST)
    path = f"EpisodeOfCare/{person.episode}"
    waits = await player.call(f"{path}/$admit", cast.THERAPIST)
    tell.say(f"All places are taken, so the episode is on the {waits['status']}.", waits)
    await player.settle()

    await player.put(before[-1] | {"status": "finished"}, cast.THERAPIST)
    await player.settle()
    code = f"{code_system('task')}|place-free"
    [offer] = await player.search("Task", patient=person.reference, code=code)
    tell.say(f"Somebody leaves, and a Task proposes to give the place to {person.name}.", offer)
    # The others of this record come and go without a limit.
    await player.put(_service(person, places) | {"active": False})


def _before(person: Person) -> list[JsonObject]:
    """Write who has the last place: the Patient, and the episode."""
    logical_id = f"demo-before-{person.id}"
    other = {**person.resource, "id": logical_id, "identifier": [], "name": []}
    patient = {name: value for name, value in other.items() if value}
    name = {"family": f"{FAMILY_NAME_PREFIX}Before", "given": ["Somebody"]}
    episode = {
        "resourceType": "EpisodeOfCare",
        "id": logical_id,
        "meta": META,
        "status": "active",
        "type": [{"coding": [PROGRAMME]}],
        "patient": {"reference": f"Patient/{logical_id}"},
    }
    return [patient | {"name": [name]}, episode]


def _service(person: Person, places: int) -> JsonObject:
    return {
        "resourceType": "HealthcareService",
        "id": f"demo-places-{person.id}",
        "meta": META,
        "extension": [{"url": profile("capacity"), "valuePositiveInt": places}],
        "active": True,
        "type": [{"coding": [PROGRAMME]}],
        "name": "Synthetic Intensive Outpatient Programme",
    }
