"""AuditEvents from and to what they tell of: `_has`, `_revinclude`, `_include` and chains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import created, fresh, matches, observation, patient, refused, updated
from tests.api.test_audit_events import Acting, found, kinds

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs


@pytest.fixture
def acting(client: httpx.AsyncClient) -> Acting:
    return Acting(client)


def beside(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    entries = answer.json().get("entry", [])
    return [each["resource"] for each in entries if each["search"]["mode"] == "include"]


async def test_what_a_patient_asked_for_themselves_is_found_by_the_patient(
    client: httpx.AsyncClient,
) -> None:
    person, other = await created(client, patient()), await created(client, patient())
    acting = Acting(client)
    acting.agent = person
    basic = await created(client, {"resourceType": "Basic", "code": {"text": "x"}})
    await acting.ask("GET", f"/{basic}")
    await acting.ask("GET", f"/{other}")

    events = await found(client, patient=person)
    assert kinds(events) == ["read", "read", "create"]
    assert [event["agent"][0]["who"].get("reference") for event in events[:2]] == [person] * 2
    assert kinds(await found(client, patient=other)) == ["read", "create"]
    assert kinds(await found(client, **{"patient:missing": "false"}, agent=person)) == ["read"] * 2
    assert kinds(await found(client, entity=person)) == ["create"]
    asked = {"agent": person, "_include": "AuditEvent:patient"}
    shown = beside(await client.get("/AuditEvent", params=asked))
    assert {f"Patient/{each['id']}" for each in shown} == {person, other}


async def test_what_somebody_looked_at_is_found(client: httpx.AsyncClient, acting: Acting) -> None:
    read, unread = await created(client, patient()), await created(client, patient())
    about = await created(client, observation(read))
    await acting.ask("GET", f"/{read}")
    await acting.ask("GET", f"/{about}")
    every = f"{read},{unread}".replace("Patient/", "")

    for criterion, expected in (
        ({"_has:AuditEvent:patient:agent": acting.agent}, [read]),
        ({"_has:AuditEvent:entity:agent": acting.agent}, [read]),
        ({"_has:AuditEvent:entity:agent": f"Practitioner/{fresh()}"}, []),
        ({"_has:AuditEvent:patient:entity": about}, [read]),
        ({"_has:AuditEvent:agent:action": "D"}, []),
        ({"_has:AuditEvent:source:action": "D"}, []),
        ({"_has:AuditEvent:patient:agent": acting.agent, "gender": "male"}, []),
    ):
        answer = await client.get("/Patient", params={"_id": every, **criterion})
        assert [f"Patient/{each}" for each in matches(answer)] == expected, criterion
        counted = await client.get(
            "/Patient", params={"_summary": "count", "_id": every} | criterion
        )
        assert counted.json()["total"] == len(expected)


async def test_who_asked_is_found_by_what_they_asked_for(client: httpx.AsyncClient) -> None:
    asking, other = await created(client, patient()), await created(client, patient())
    acting = Acting(client)
    acting.agent = asking
    await acting.ask("GET", f"/{other}")

    for code, expected in (("agent", [asking]), ("patient", [asking, other]), ("entity", [other])):
        asked = {f"_has:AuditEvent:{code}:agent": asking, "_sort": "_lastUpdated"}
        answer = await client.get("/Patient", params=asked)
        assert [f"Patient/{each}" for each in matches(answer)] == expected, code


async def test_a_chain_goes_on_through_audit_events(
    client: httpx.AsyncClient, acting: Acting
) -> None:
    person = await created(client, patient())
    about = await created(client, observation(person))
    await acting.ask("GET", f"/{person}")
    searched = {
        "_type": "Observation",
        "subject:Patient._has:AuditEvent:entity:agent": acting.agent,
    }
    answer = await client.get("", params=searched)
    assert [f"Observation/{each}" for each in matches(answer)] == [about]

    [read] = await acting.found()
    second = Acting(client)
    await second.ask("GET", f"/AuditEvent/{read['id']}")
    [again] = await second.found()
    assert await acting.found(**{"_has:AuditEvent:entity:agent": second.agent}) == [read]
    assert await second.found(**{"entity:AuditEvent.agent": acting.agent}) == [again]
    assert await second.found(**{"entity:AuditEvent.agent": second.agent}) == []


async def test_what_another_service_owns_is_asked_of_the_one_that_reads_the_audit(
    client: httpx.AsyncClient, all_in_one: Programs, acting: Acting
) -> None:
    about = await created(client, observation(await created(client, patient())))
    await acting.ask("GET", f"/{about}")
    name, _, logical_id = about.partition("/")
    has = {"_has:AuditEvent:entity:agent": acting.agent}
    assert matches(await client.get("", params={"_type": name, **has})) == [logical_id]
    shown = {"_type": name, "_id": logical_id, "_revinclude": "AuditEvent:entity"}
    assert kinds(beside(await client.get("", params=shown))) == ["read", "create"]

    nowhere = {"_id": fresh(), "_revinclude": "AuditEvent:entity"}
    chain = {"subject:Patient._has:AuditEvent:entity:agent": acting.agent}
    for asked in (has, nowhere, chain):
        for service, resource_type in (("progress", "Observation"), ("plan", "CarePlan")):
            url = f"{all_in_one.base(service)}/{resource_type}"
            said = refused(await client.get(url, params=asked), 400)
            assert "Only intake_api reads the audit: ask it" in said


async def test_audit_events_are_shown_beside_what_they_tell_of(
    client: httpx.AsyncClient, acting: Acting
) -> None:
    person = await created(client, patient())
    about = await created(client, observation(person))
    await acting.ask("GET", f"/{about}")
    logical_id = person.partition("/")[2]

    for code, expected in (
        ("entity", ["read", "create", "create"]),
        ("patient", ["read", "create", "create"]),
        ("agent", []),
    ):
        asked = {"_id": logical_id, "_revinclude": f"AuditEvent:{code}"}
        answer = await client.get("/Patient", params=asked)
        assert matches(answer) == [logical_id]
        told = beside(answer)
        assert kinds(told) == expected, code
        for each in told:
            whole = await client.get(f"/AuditEvent/{each['id']}")
            assert whole.json() == each
    practitioner = {"resourceType": "Practitioner", "id": acting.agent.partition("/")[2]}
    await updated(client, practitioner)
    asked = {"_id": practitioner["id"], "_revinclude": "AuditEvent:agent"}
    assert kinds(beside(await client.get("/Practitioner", params=asked))) == ["read"]


async def test_audit_events_of_audit_events_are_shown(
    client: httpx.AsyncClient, acting: Acting
) -> None:
    person = await created(client, patient())
    await acting.ask("GET", f"/{person}")
    [read] = await acting.found()
    second = Acting(client)
    await second.ask("GET", f"/AuditEvent/{read['id']}")
    [again] = await second.found()

    forward = {"agent": second.agent, "_include": "AuditEvent:entity"}
    assert beside(await client.get("/AuditEvent", params=forward)) == [read]
    further = forward | {"_include:iterate": "AuditEvent:entity"}
    told = beside(await client.get("/AuditEvent", params=further))
    assert [(each["resourceType"], each["id"]) for each in told] == [
        ("AuditEvent", read["id"]),
        ("Patient", person.partition("/")[2]),
    ]
    only = {"agent": second.agent, "_include": "AuditEvent:entity:Patient"}
    assert beside(await client.get("/AuditEvent", params=only)) == []
    back = {"agent": acting.agent, "_revinclude": "AuditEvent:entity"}
    assert beside(await client.get("/AuditEvent", params=back)) == [again]


@pytest.mark.parametrize(
    ("resource_type", "name", "text", "said"),
    [
        ("Encounter", "_has:AuditEvent:patient:action", "R", "does not refer to Encounter"),
        ("Patient", "_has:AuditEvent:patient:nonsense", "R", "no search parameter 'nonsense'"),
        ("Patient", "_has:AuditEvent:action:date", "2026", "'action' is no reference"),
        ("Encounter", "_revinclude", "AuditEvent:agent", "leads to the matches"),
    ],
)
async def test_what_no_audit_event_tells_of_is_refused(
    client: httpx.AsyncClient, resource_type: str, name: str, text: str, said: str
) -> None:
    answer = await client.get(f"/{resource_type}", params={name: text})
    assert said in refused(answer, 400)
