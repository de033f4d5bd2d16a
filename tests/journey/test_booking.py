"""One person, one room and one place can be booked once, however many ask at the same moment."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from shared.care.appointment import SESSION_SYSTEM
from shared.care.capacity import takes
from tests.api.resources import entry, fresh, run
from tests.api.resources import put as put_entry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from tests.api.resources import Resource

AT_ONCE = 16
SERVICE_UNAVAILABLE = 503
DAY = "2026-01-12"
TAKEN = ("patient", "practitioner", "room", "slot", "last place")


def at(hour: int, minutes: int = 60) -> Resource:
    """The time of an appointment that begins at an hour of the day."""
    ends = hour * 60 + minutes
    return {
        "start": f"{DAY}T{hour:02}:00:00Z",
        "end": f"{DAY}T{ends // 60:02}:{ends % 60:02}:00Z",
    }


def appointment(*actors: str, **changes: object) -> Resource:
    people = [{"actor": {"reference": each}, "status": "accepted"} for each in actors]
    return {
        "resourceType": "Appointment",
        "id": fresh(),
        "status": "booked",
        **at(9),
        "participant": people,
        **changes,
    }


class Clinic:
    """People, rooms and slots in a running Stepdown."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def has(self, resource_type: str, **content: object) -> str:
        made = {"resourceType": resource_type, "id": fresh(), **content}
        await self.put(made)
        return f"{resource_type}/{made['id']}"

    async def put(self, resource: Resource) -> Resource:
        path = f"/{resource['resourceType']}/{resource['id']}"
        answer = await self.client.put(path, json=resource)
        assert answer.is_success, answer.text
        written: Resource = answer.json()
        return written

    async def people(self, number: int) -> list[str]:
        """Write so many people at once."""
        made: list[Resource] = [{"resourceType": "Patient", "id": fresh()} for _ in range(number)]
        answer = await run(self.client, "transaction", *map(put_entry, made))
        assert answer.is_success, answer.text
        return [f"Patient/{each['id']}" for each in made]

    async def slot(self, people: int | None = None, session: str | None = None) -> Resource:
        schedule = await self.has("Schedule", actor=[{"reference": await self.has("Location")}])
        slot = {
            "resourceType": "Slot",
            "id": fresh(),
            "schedule": {"reference": schedule},
            "status": "free",
            **at(9),
        }
        if people is not None:
            slot["extension"] = [takes(people)]
        if session is not None:
            slot["identifier"] = [identifier(session)]
        return await self.put(slot)


def identifier(session: str) -> Resource:
    return {"system": SESSION_SYSTEM, "value": session}


@pytest.fixture
def clinic(client: httpx.AsyncClient) -> Clinic:
    return Clinic(client)


async def contenders(clinic: Clinic, taken: str, people: list[str]) -> list[Resource]:
    """Appointments of which only one can be booked, as each of them takes the same."""
    if taken == "patient":
        return [appointment(people[0]) for _ in range(AT_ONCE)]
    if taken in {"practitioner", "room"}:
        other = await clinic.has("Practitioner" if taken == "practitioner" else "Location")
        return [appointment(each, other) for each in people]
    if taken == "slot":
        slot = await clinic.slot()
        named = [{"reference": f"Slot/{slot['id']}"}]
        return [appointment(each, slot=named) for each in people]
    session = fresh()
    slot = await clinic.slot(4, session)
    leader = await clinic.has("Practitioner")
    changes: Any = {"identifier": [identifier(session)]}
    for each in people[:3]:
        await clinic.put(appointment(each, leader, **changes))
    # Whether it names the Slot or only the session makes no difference.
    named = [changes, changes | {"slot": [{"reference": f"Slot/{slot['id']}"}]}]
    return [
        appointment(each, leader, **named[i % 2]) for i, each in enumerate(people[3:] + people[:3])
    ]


async def posted(client: httpx.AsyncClient, wanted: Resource) -> httpx.Response:
    return await client.post("/Appointment", json=wanted)


async def put(client: httpx.AsyncClient, wanted: Resource) -> httpx.Response:
    return await client.put(f"/Appointment/{wanted['id']}", json=wanted)


async def patched(client: httpx.AsyncClient, wanted: Resource) -> httpx.Response:
    """Confirm what was only proposed."""
    changes = [{"op": "replace", "path": "/status", "value": "booked"}]
    headers = {"Content-Type": "application/json-patch+json"}
    path = f"/Appointment/{wanted['id']}"
    return await client.patch(path, content=json.dumps(changes), headers=headers)


async def bundled(client: httpx.AsyncClient, wanted: Resource) -> httpx.Response:
    """Book inside a transaction that also writes something else."""
    other = entry("POST", "Basic", {"resourceType": "Basic", "code": {"text": "beside"}})
    return await run(client, "transaction", other, entry("POST", "Appointment", wanted))


async def patiently(
    way: Callable[[httpx.AsyncClient, Any], Awaitable[httpx.Response]],
    client: httpx.AsyncClient,
    wanted: object,
) -> httpx.Response:
    """Ask again as long as the service says that it is busy."""
    answer = await way(client, wanted)
    if answer.status_code != SERVICE_UNAVAILABLE:
        return answer
    await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
    return await patiently(way, client, wanted)


WAYS: dict[str, Callable[[httpx.AsyncClient, Resource], Awaitable[httpx.Response]]] = {
    "POST": posted,
    "PUT": put,
    "PATCH": patched,
    "Bundle": bundled,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("taken", TAKEN)
async def test_of_many_at_once_exactly_one_is_booked(clinic: Clinic, taken: str, way: str) -> None:
    people = await clinic.people(AT_ONCE)
    wanted = (await contenders(clinic, taken, people))[: 13 if taken == "last place" else AT_ONCE]
    if way == "PATCH":
        proposed = [put_entry(each | {"status": "proposed"}) for each in wanted]
        assert (await run(clinic.client, "transaction", *proposed)).is_success

    answers = await asyncio.gather(*(patiently(WAYS[way], clinic.client, each) for each in wanted))

    codes = Counter(each.status_code for each in answers)
    assert codes[409] == len(wanted) - 1, codes
    refused = next(each for each in answers if each.status_code == 409)
    issue = refused.json()["issue"][0]
    assert issue["code"] == "conflict"
    place = "Bundle.entry[1].resource" if way == "Bundle" else "Appointment"
    assert issue["expression"][0] in {f"{place}.participant", f"{place}.slot"}
    assert ("is full" if taken in {"slot", "last place"} else "at this time") in issue[
        "diagnostics"
    ]


def several(*people: str) -> dict[str, Resource]:
    """Appointments that name two people, each in another way."""
    [one, other] = people
    contained = {"resourceType": "Patient", "id": "p"}
    logical = {"type": "Patient", "identifier": {"system": "http://x.example", "value": "7"}}
    by_identifier = appointment(one)
    by_identifier["participant"].append({"actor": logical, "status": "accepted"})
    return {
        "references": appointment(one, other),
        "a proposal": appointment(one, other, status="proposed"),
        "what is past": appointment(one, other, status="fulfilled"),
        "a group session": appointment(one, other, identifier=[identifier(fresh())]),
        "one who is contained": appointment(one, "#p", contained=[contained]),
        "an identifier": by_identifier,
        "an address": appointment(one, "https://other.example/fhir/Patient/1"),
    }


@pytest.mark.parametrize("named", several("Patient/a", "Patient/b"))
async def test_no_appointment_names_two_people(clinic: Clinic, named: str) -> None:
    one, other = await clinic.people(2)
    wanted = several(one, other)[named]
    alone = await clinic.put(appointment(one, status="proposed"))
    whole = {"op": "replace", "path": "/participant", "value": wanted["participant"]}
    contained = {"op": "add", "path": "/contained", "value": wanted.get("contained")}
    changes = [contained, whole] if "contained" in wanted else [whole]
    headers = {"Content-Type": "application/json-patch+json"}
    path = f"/Appointment/{alone['id']}"

    answers = [
        await posted(clinic.client, wanted),
        await put(clinic.client, wanted),
        await bundled(clinic.client, wanted),
        await clinic.client.patch(path, content=json.dumps(changes), headers=headers),
    ]

    assert [each.status_code for each in answers] == [422] * 4
    told = {issue["diagnostics"] for each in answers for issue in each.json()["issue"]}
    assert all("one patient" in each for each in told), told
    assert not any(one in each or other in each for each in told)
    assert (await clinic.client.get(path)).json() == alone


async def test_a_person_may_be_named_twice_and_beside_others(clinic: Clinic) -> None:
    [one] = await clinic.people(1)
    base = str(clinic.client.base_url).rstrip("/")
    family = await clinic.has("RelatedPerson", patient={"reference": one})

    await clinic.put(appointment(one, f"{base}/{one}", family, await clinic.has("Practitioner")))


async def test_those_of_one_session_share_who_leads_it_and_where(clinic: Clinic) -> None:
    one, other = await clinic.people(2)
    leader, room = await clinic.has("Practitioner"), await clinic.has("Location")
    shared: Any = {"identifier": [identifier(fresh())]}

    await clinic.put(appointment(one, leader, room, **shared))
    await clinic.put(appointment(other, leader, room, **shared))
    again = await posted(clinic.client, appointment(one, **shared))
    assert again.status_code == 409, again.text


async def test_what_does_not_meet_is_in_nobodys_way(clinic: Clinic) -> None:
    one, other = await clinic.people(2)
    leader = await clinic.has("Practitioner")
    site = {"coding": [{"code": "bu"}]}
    house = await clinic.has("Location", physicalType=site)
    first = await clinic.put(appointment(one, leader, house))

    await clinic.put(appointment(one, leader, **at(10)))
    await clinic.put(appointment(other, house))
    declined = appointment(one, leader, id=fresh())
    for each in declined["participant"]:
        each["status"] = "declined"
    await clinic.put(declined | at(9))
    for status in ("proposed", "waitlist", "cancelled", "noshow", "fulfilled"):
        await clinic.put(appointment(one, leader, status=status))
    await clinic.put(first | {"description": "It stays as it is."})
    await clinic.put(first | {"status": "cancelled"})
    await clinic.put(appointment(one, leader))


async def test_two_in_one_bundle_are_in_each_others_way(clinic: Clinic) -> None:
    [one] = await clinic.people(1)
    first, second, later = (
        appointment(one),
        appointment(one, start=f"{DAY}T09:59:59Z", end=f"{DAY}T11:00:00Z"),
        appointment(one, **at(11)),
    )

    refused = await run(clinic.client, "transaction", put_entry(first), put_entry(second))
    assert refused.status_code == 409, refused.text
    assert (await clinic.client.get(f"/Appointment/{first['id']}")).status_code == 404
    taken = await run(clinic.client, "transaction", put_entry(first), put_entry(later))
    assert taken.is_success, taken.text


async def test_an_appointment_that_began_the_day_before_is_still_in_the_way(clinic: Clinic) -> None:
    [one] = await clinic.people(1)
    long = appointment(one, start=f"{DAY}T20:00:00-05:00", end="2026-01-13T06:00:00-05:00")
    await clinic.put(long)
    next_day = appointment(one, start="2026-01-13T10:00:00Z", end="2026-01-13T10:30:00Z")
    endless = appointment(one, start="2026-01-20T10:00:00Z", end="2026-01-22T10:30:00Z")

    assert (await posted(clinic.client, next_day)).status_code == 409
    assert "24 hours" in (await posted(clinic.client, endless)).text
    await clinic.put(next_day | {"start": "2026-01-13T11:00:00Z", "end": "2026-01-13T11:30:00Z"})


async def test_a_slot_takes_who_is_of_its_session_while_it_is_open(clinic: Clinic) -> None:
    people = await clinic.people(4)
    session = fresh()
    slot = await clinic.slot(2, session)
    named: Any = {"slot": [{"reference": f"Slot/{slot['id']}"}]}
    of_it: Any = named | {"identifier": [identifier(session)]}

    strange = await posted(clinic.client, appointment(people[0], **named))
    assert strange.status_code == 422
    assert "identifier of the same session" in strange.text
    first = await clinic.put(appointment(people[0], **of_it))
    await clinic.put(appointment(people[1], **of_it))
    full = appointment(people[2], **of_it)
    assert "it takes 2" in (await posted(clinic.client, full)).text
    await clinic.put(first | at(14))
    await clinic.put(full)
    await clinic.put(slot | {"status": "busy-unavailable", "extension": [takes(9)]})
    closed = await posted(clinic.client, appointment(people[3], **of_it))
    assert closed.status_code == 409
    assert "takes no appointments" in closed.text


async def test_a_cohort_takes_no_more_people_than_it_says(clinic: Clinic) -> None:
    people = await clinic.people(3)
    member = [{"entity": {"reference": each}} for each in people]
    kind = {"resourceType": "Group", "id": fresh(), "type": "person", "actual": True}
    cohort = await clinic.put(kind | {"extension": [takes(2)], "member": member[:2]})

    more = await clinic.client.put(f"/Group/{cohort['id']}", json=cohort | {"member": member})
    assert (more.status_code, more.json()["issue"][0]["expression"]) == (422, ["Group.member"])
    await clinic.put(cohort | {"extension": [takes(3)], "member": member})
    # One that is overfull can be left, and nobody joins.
    await clinic.put(cohort | {"extension": [takes(1)], "member": member[1:]})
