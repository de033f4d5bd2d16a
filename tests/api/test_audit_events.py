"""AuditEvent over HTTP: what the audit says, read and searched. https://hl7.org/fhir/R4/auditevent.html"""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.fhir.validation import validate
from tests.api.resources import (
    created,
    entry,
    fresh,
    link,
    matches,
    observation,
    patient,
    refused,
    run,
    updated,
)

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

Event = dict[str, Any]


async def found(client: httpx.AsyncClient, **criteria: str | list[str]) -> list[Event]:
    """The matches of a search, each of them valid."""
    answer = await client.get("/AuditEvent", params=criteria)
    assert answer.status_code == 200, answer.text
    events = [each["resource"] for each in answer.json().get("entry", [])]
    assert all(validate(event) == [] for event in events)
    return events


def kinds(events: list[Event]) -> list[str]:
    return [event["subtype"][0]["code"] for event in events]


def roles(event: Event) -> dict[str, Event]:
    return {each.get("role", each["type"])["code"]: each for each in event["entity"]}


class Acting:
    """A practitioner of their own, so that a test finds what it did and nothing else."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.agent = f"Practitioner/{fresh()}"

    async def ask(self, method: str, url: str, **told: Any) -> httpx.Response:  # noqa: ANN401
        headers = {"X-Stepdown-Actor": self.agent} | told.pop("headers", {})
        return await self.client.request(method, url, headers=headers, **told)

    async def found(self, **criteria: str | list[str]) -> list[Event]:
        return await found(self.client, agent=self.agent, **criteria)


@pytest.fixture
def acting(client: httpx.AsyncClient) -> Acting:
    return Acting(client)


async def test_what_was_done_to_a_resource_is_found_newest_first(
    client: httpx.AsyncClient, acting: Acting
) -> None:
    told = patient(id=fresh())
    url = f"/Patient/{told['id']}"
    await acting.ask("PUT", url, json=told)
    await acting.ask("PUT", url, json=told | {"active": True})
    await acting.ask("GET", f"{url}/_history/1")
    await acting.ask("GET", url)
    await acting.ask("DELETE", url)

    events = await found(client, entity=f"Patient/{told['id']}")

    assert kinds(events) == ["delete", "read", "vread", "update", "create"]
    assert [event["action"] for event in events] == ["D", "R", "R", "U", "C"]
    assert [roles(event)["4"]["what"]["reference"] for event in events] == [
        f"Patient/{told['id']}/_history/{number}" for number in (3, 2, 1, 2, 1)
    ]
    assert {event["agent"][0]["who"]["reference"] for event in events} == {acting.agent}
    assert await found(client, entity=f"Patient/{fresh()}") == []


async def test_an_audit_event_is_read_by_its_id(acting: Acting) -> None:
    await acting.ask("GET", f"/Patient/{fresh()}")
    [event] = await acting.found()
    answer = await acting.client.get(f"/AuditEvent/{event['id']}")

    assert answer.status_code == 200
    assert answer.json() == event
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"]
    again = await acting.client.get(f"/AuditEvent/{event['id']}", headers={"If-None-Match": "*"})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("told", ["0", "1", "-1", "1.0", "x", "f" * 15, "F" * 16, "f" * 17])
async def test_an_id_that_is_none_of_ours_is_not_found(
    client: httpx.AsyncClient, told: str
) -> None:
    refused(await client.get(f"/AuditEvent/{told}"), 404)
    assert await found(client, _id=told) == []


async def test_nobody_writes_or_changes_one(client: httpx.AsyncClient, acting: Acting) -> None:
    await acting.ask("GET", f"/Patient/{fresh()}")
    [event] = await acting.found()
    url = f"/AuditEvent/{event['id']}"
    for answer in (
        await client.post("/AuditEvent", json=event),
        await client.put(url, json=event),
        await client.delete(url),
        await client.get(f"{url}/_history"),
        await client.get(f"{url}/_history/1"),
    ):
        refused(answer, 405)
    refused(await run(client, "transaction", entry("DELETE", url[1:])), 405)
    assert await acting.found() == [event]


async def test_a_refusal_is_found_by_its_outcome(acting: Acting) -> None:
    reference = await created(acting.client, patient())
    await acting.ask("GET", f"/{reference}")
    await acting.ask("GET", f"/Patient/{fresh()}")
    await acting.ask("POST", "/Patient", json=patient(gender="robot"))

    assert kinds(await acting.found(outcome="0")) == ["read"]
    refusals = await acting.found(outcome="4")
    assert kinds(refusals) == ["create", "read"]
    assert [each["outcomeDesc"] for each in refusals] == ["HTTP status 422", "HTTP status 404"]
    assert await acting.found(outcome="8,12") == []
    assert kinds(await acting.found(outcome="8,4,0")) == ["create", "read", "read"]


async def test_what_happened_to_a_patients_resources_is_found_by_the_patient(
    client: httpx.AsyncClient, acting: Acting
) -> None:
    person, other = await created(client, patient()), await created(client, patient())
    about = await created(client, observation(person))
    await acting.ask("GET", f"/{about}")
    await acting.ask("GET", f"/{about}", headers={"Accept": "text/html"})
    await acting.ask("GET", f"/{other}")
    logical_id = person.partition("/")[2]

    for criterion in (logical_id, person, f"{client.base_url}{person}"):
        events = await found(client, patient=criterion)
        assert kinds(events) == ["read", "read", "create", "create"]
        assert {roles(event)["1"]["what"]["reference"] for event in events} == {person}
    assert len(await found(client, patient=f"{person},{other}")) == 6
    assert kinds(await found(client, entity=person)) == ["read", "read", "create", "create"]
    assert len(await found(client, entity=f"{person},{about}")) == 4
    assert kinds(await found(client, entity=about)) == ["read", "read", "create"]
    assert await found(client, patient=fresh()) == []


async def test_a_version_is_about_the_patient_that_it_was_about(
    client: httpx.AsyncClient, acting: Acting
) -> None:
    first, second = await created(client, patient()), await created(client, patient())
    told = observation(first, id=fresh())
    url = f"/{await updated(client, told)}"
    await updated(client, told | {"subject": {"reference": second}})
    await acting.ask("GET", f"{url}/_history/1")
    await acting.ask("GET", f"{url}/_history/9")
    await acting.ask("GET", url)

    assert kinds(await acting.found(patient=first)) == ["vread"]
    assert kinds(await acting.found(patient=second)) == ["read", "vread"]


async def test_actions_and_interactions_are_found_by_their_codes(acting: Acting) -> None:
    told = patient(id=fresh())
    await acting.ask("PUT", f"/Patient/{told['id']}", json=told)
    await acting.ask("GET", "/Patient", params={"_id": told["id"]})
    await acting.ask("GET", f"/Patient/{told['id']}")
    await acting.ask("GET", f"/Patient/{told['id']}/_history")

    assert kinds(await acting.found(action="R")) == ["history-instance", "read"]
    assert kinds(await acting.found(action="C,E")) == ["search-type", "create"]
    assert kinds(await acting.found(action="http://hl7.org/fhir/audit-event-action|C")) == [
        "create"
    ]
    assert await acting.found(action=["C", "R"]) == []
    assert kinds(await acting.found(subtype="read,create")) == ["read", "create"]
    coded = "http://hl7.org/fhir/restful-interaction|search-type"
    assert kinds(await acting.found(subtype=coded)) == ["search-type"]
    for nowhere in ({"action": "X"}, {"action": "http://a.example|R"}, {"outcome": "5"}):
        assert await acting.found(**nowhere) == []


async def test_a_search_is_found_with_what_it_asked(acting: Acting) -> None:
    await acting.ask("POST", "/Patient/_search", data={"name": "Zoë & co"})
    [event] = await acting.found()

    assert b64decode(roles(event)["24"]["query"]).decode() == "Patient?name=Zoë & co"


async def test_reading_the_audit_is_itself_in_it(acting: Acting) -> None:
    await acting.ask("GET", "/AuditEvent", params={"outcome": "4"})
    [first] = await acting.found()
    assert b64decode(roles(first)["24"]["query"]).decode() == "AuditEvent?outcome=4"

    await acting.ask("GET", f"/AuditEvent/{first['id']}")
    second, _ = await acting.found()
    assert roles(second)["4"]["what"] == {"reference": f"AuditEvent/{first['id']}"}


async def test_a_bundle_reads_the_audit_too(client: httpx.AsyncClient, acting: Acting) -> None:
    await acting.ask("GET", f"/Patient/{fresh()}")
    [event] = await acting.found()
    for kind in ("batch", "transaction"):
        answer = await run(
            client,
            kind,
            entry("GET", f"AuditEvent/{event['id']}"),
            entry("GET", f"AuditEvent?agent={acting.agent}"),
        )
        read, search = (each["resource"] for each in answer.json()["entry"])
        assert read == event
        assert [each["resource"] for each in search["entry"]] == [event]


async def test_pages_lead_from_one_to_the_next_and_back(acting: Acting) -> None:
    for _ in range(5):
        await acting.ask("GET", f"/Patient/{fresh()}")
    for sort, whole in (
        ("-date", await acting.found()),
        ("date", await acting.found(_sort="date")),
    ):
        ids = [event["id"] for event in whole]
        at = [event["recorded"] for event in whole]
        assert at == sorted(at, reverse=sort == "-date")
        asked = {"agent": acting.agent, "_sort": sort, "_count": "2", "_total": "accurate"}
        pages = [await acting.client.get("/AuditEvent", params=asked)]
        while (further := link(pages[-1], "next")) is not None:
            pages.append(await acting.client.get(further))
        assert [matches(page) for page in pages] == [ids[:2], ids[2:4], ids[4:]]
        assert {page.json()["total"] for page in pages} == {5}
        back = link(pages[2], "previous") or ""
        assert matches(await acting.client.get(back)) == ids[2:4]
        changed = str(link(pages[0], "next")).replace("_page=", "_page=A")
        refused(await acting.client.get(changed), 400)
        other = str(link(pages[0], "next")).replace(acting.agent.partition("/")[2], fresh())
        refused(await acting.client.get(other), 400)


async def test_a_page_stays_where_it_is_while_the_audit_grows(acting: Acting) -> None:
    for _ in range(3):
        await acting.ask("GET", f"/Patient/{fresh()}")
    ids = [event["id"] for event in await acting.found()]
    first = await acting.client.get("/AuditEvent", params={"agent": acting.agent, "_count": "2"})
    await acting.ask("GET", f"/Patient/{fresh()}")

    assert matches(await acting.client.get(link(first, "next") or "")) == ids[2:]


async def test_matches_are_counted(acting: Acting) -> None:
    reference = await created(acting.client, patient())
    for _ in range(3):
        await acting.ask("GET", f"/{reference}")
    for criteria, total in (
        ({"agent": acting.agent}, 3),
        ({"entity": reference}, 4),
        ({"entity": reference, "agent": acting.agent, "action": "R", "outcome": "0"}, 3),
        ({"agent": acting.agent, "outcome": "4"}, 0),
    ):
        answer = await acting.client.get("/AuditEvent", params={**criteria, "_summary": "count"})
        assert answer.json()["total"] == total
        assert "entry" not in answer.json()
    whole = await acting.client.get("/AuditEvent", params={"_count": "1", "_total": "accurate"})
    assert whole.json()["total"] > len(matches(whole)) == 1


@pytest.mark.parametrize("parameter", ["date", "_lastUpdated"])
async def test_a_time_is_compared_as_each_prefix_asks(acting: Acting, parameter: str) -> None:
    for _ in range(3):
        await acting.ask("GET", f"/Patient/{fresh()}")
    newest, middle, oldest = await acting.found()
    at = middle["recorded"]
    for prefix, expected in (
        ("", [middle]),
        ("eq", [middle]),
        ("ne", [newest, oldest]),
        ("gt", [newest]),
        ("sa", [newest]),
        ("ge", [newest, middle]),
        ("lt", [oldest]),
        ("eb", [oldest]),
        ("le", [middle, oldest]),
        ("ap", [newest, middle, oldest]),
    ):
        assert await acting.found(**{parameter: prefix + at}) == expected, prefix
    between = [f"ge{oldest['recorded']}", f"lt{newest['recorded']}"]
    assert await acting.found(**{parameter: between}) == [middle, oldest]
    either = f"{oldest['recorded']},{newest['recorded']}"
    assert await acting.found(**{parameter: either}) == [newest, oldest]
    day = datetime.fromisoformat(at).date()
    assert len(await acting.found(**{parameter: f"ge{day}"})) == 3
    assert await acting.found(**{parameter: f"ge{day + timedelta(days=2)}"}) == []


async def test_modifiers_and_chains_narrow_what_is_found_and_includes_show_whose_it_was(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    acting, mark = Acting(client), fresh()
    someone = {"resourceType": "Patient", "name": [{"family": f"F{mark}"}]}
    made = (await acting.ask("POST", "/Patient", json=someone)).json()["id"]
    await acting.ask("GET", f"/Patient/{made}")
    await acting.ask("GET", f"/Patient/{fresh()}")
    lost, read, created = await acting.found()
    for criteria, expected in (
        ({"action:not": "C"}, [lost, read]),
        ({"action:not": "C,R"}, []),
        ({"outcome:not": "0"}, [lost]),
        ({"type:text": "restful"}, [lost, read, created]),
        ({"type:text": "export"}, []),
        ({"action:in": "http://hl7.org/fhir/ValueSet/audit-event-action"}, [lost, read, created]),
        ({"entity:Patient": made}, [read, created]),
        ({"entity:Encounter": made}, []),
        ({"source:identifier": "intake_api"}, [lost, read, created]),
        ({"entity:identifier": "no such request"}, []),
        ({"patient.family": f"f{mark}"}, [read, created]),
        ({"entity:Patient.family": f"f{mark}", "action": "C"}, [created]),
        ({"patient.family": "nobody at all"}, []),
        ({"agent:Practitioner.family": f"f{mark}"}, []),
    ):
        assert await acting.found(**criteria) == expected, criteria
    asked = {"agent": acting.agent, "_include": ["AuditEvent:patient", "AuditEvent:agent"]}
    entries = (await client.get("/AuditEvent", params=asked)).json()["entry"]
    beside = [each["resource"]["id"] for each in entries if each["search"]["mode"] == "include"]
    assert beside == [made]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nonsense", "x", "valid for AuditEvent are _id, _lastUpdated,"),
        ("_text", "x", "not supported"),
        ("action:like", "R", "valid for 'action' are above, below, in, missing, not"),
        ("patient:missing", "yes", "must be true or false"),
        ("patient.nonsense", "x", "There is no search parameter 'nonsense'"),
        ("_has:Provenance:target:recorded", "2026", "No Provenance refers to an AuditEvent"),
        ("date", "yesterday", "cannot be read"),
        ("_sort", "_id", "valid are _lastUpdated, _profile,"),
        ("_elements", "nothing", "AuditEvent has no element 'nothing'"),
        ("_revinclude", "Provenance:target", "No Provenance refers to an AuditEvent"),
    ],
)
async def test_whatever_else_is_asked_is_refused_with_what_is_valid(
    client: httpx.AsyncClient, name: str, text: str, said: str
) -> None:
    assert said in refused(await client.get("/AuditEvent", params={name: text}), 400)


async def test_what_it_never_tells_is_missing_and_found_nowhere(client: httpx.AsyncClient) -> None:
    person = await created(client, patient())
    about = await found(client, patient=person)
    for code in ("altid", "site", "address", "agent-name", "policy", "_tag"):
        value = "urn:x" if code == "policy" else "x"
        assert await found(client, patient=person, **{code: value}) == []
        assert await found(client, patient=person, **{f"{code}:missing": "true"}) == about
    for code, value in (("type", "rest"), ("entity-role", "4"), ("entity-type", "1")):
        assert await found(client, patient=person, **{code: value}) == about
        assert await found(client, patient=person, **{f"{code}:missing": "true"}) == []


async def test_only_the_service_that_may_read_the_audit_answers(
    client: httpx.AsyncClient, all_in_one: Programs, service: str
) -> None:
    await updated(client, patient(id=fresh()))
    event, *_ = await found(client)
    for url in ("AuditEvent", f"AuditEvent/{event['id']}"):
        answer = await client.get(f"{all_in_one.base(service)}/{url}")
        if service == "intake":
            assert answer.status_code == 200
        else:
            assert "intake_api" in refused(answer, 404)
