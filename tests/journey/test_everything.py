"""`Patient/$everything` gives one person's whole record, and nothing of anybody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    Resource = dict[str, Any]

PERSON, OTHER = "Patient/person", "Patient/other"


def resources(person: str) -> list[Resource]:
    name = person.removeprefix("Patient/")
    subject = {"subject": {"reference": person}}
    doctor = {"reference": "Practitioner/doctor"}
    return [
        {"resourceType": "Patient", "id": name, "name": [{"family": name}]},
        {
            "resourceType": "Encounter",
            "id": f"stay-{name}",
            "status": "finished",
            "class": {"code": "IMP"},
            "period": {"start": "2026-01-05", "end": "2026-01-20"},
            "participant": [{"individual": doctor}],
            **subject,
        },
        {
            "resourceType": "Observation",
            "id": f"score-{name}",
            "status": "final",
            "code": {"text": "score"},
            "effectiveDateTime": "2026-02-01",
            **subject,
        },
        {
            "resourceType": "Task",
            "id": f"task-{name}",
            "status": "requested",
            "intent": "order",
            "for": {"reference": person},
        },
        {
            "resourceType": "Provenance",
            "id": f"said-{name}",
            "target": [{"reference": f"Task/task-{name}"}],
            "recorded": "2026-02-02T00:00:00Z",
            "agent": [{"who": doctor}],
        },
    ]


@pytest.fixture
async def people(client: httpx.AsyncClient) -> None:
    doctor = {"resourceType": "Practitioner", "id": "doctor"}
    written = [doctor, *resources(PERSON), *resources(OTHER)]
    entries = [
        {
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in written
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (await client.post("", json=bundle)).raise_for_status()


async def shown(client: httpx.AsyncClient, query: str = "", mode: str = "match") -> list[str]:
    """List what is shown on all pages, in its order."""
    url, found = f"{PERSON}/$everything{query}", []
    while url:
        answer = await client.get(url)
        answer.raise_for_status()
        page = answer.json()
        found += [
            f"{each['resource']['resourceType']}/{each['resource']['id']}"
            for each in page.get("entry", ())
            if each["search"]["mode"] == mode
        ]
        url = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")
    return found


WHOLE = [
    PERSON,
    "Task/task-person",
    "Encounter/stay-person",
    "Observation/score-person",
    "Provenance/said-person",
]


@pytest.mark.usefixtures("people")
async def test_a_persons_record_is_shown_in_the_order_of_its_time(
    client: httpx.AsyncClient,
) -> None:
    assert await shown(client) == WHOLE
    assert await shown(client, mode="include") == ["Practitioner/doctor"]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("count", [1, 2, 3, 5])
async def test_pages_join_to_the_whole(client: httpx.AsyncClient, count: int) -> None:
    assert await shown(client, f"?_count={count}") == WHOLE


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?_type=Task,Observation", ["Task/task-person", "Observation/score-person"]),
        ("?start=2026-02-01", [e for e in WHOLE if not e.startswith("Encounter")]),
        (
            "?end=2026-01-31",
            [e for e in WHOLE if not e.startswith(("Observation", "Provenance"))],
        ),
        ("?_since=2099-01-01T00:00:00Z", []),
    ],
)
async def test_a_part_can_be_asked_for(
    client: httpx.AsyncClient, query: str, expected: list[str]
) -> None:
    assert await shown(client, query) == expected


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?_type=Tasks", 400),
        ("?_count=many", 400),
        ("?start=soon", 400),
        ("?_page=AAAA", 400),
        ("?other=1", 400),
    ],
)
async def test_what_is_not_taken_is_refused(
    client: httpx.AsyncClient, query: str, status: int
) -> None:
    answer = await client.get(f"{PERSON}/$everything{query}")
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.usefixtures("people")
async def test_a_group_is_not_shown_with_one_of_its_members(client: httpx.AsyncClient) -> None:
    members = [{"entity": {"reference": each}} for each in (PERSON, OTHER)]
    group = {"resourceType": "Group", "id": "both", "type": "person", "actual": True}
    (await client.put("Group/both", json=group | {"member": members})).raise_for_status()
    assert await shown(client) == WHOLE
    assert await shown(client, "?_type=Group") == []


async def test_a_person_who_is_not_there_has_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("Patient/nobody/$everything")).status_code == 404
    await client.put("Patient/gone", json={"resourceType": "Patient", "id": "gone"})
    assert (await client.get("Patient/gone/$everything")).status_code == 200
    await client.delete("Patient/gone")
    assert (await client.get("Patient/gone/$everything")).status_code == 410
    assert (await client.get("Encounter/stay-person/$everything")).status_code == 404


@pytest.mark.usefixtures("people")
async def test_it_is_asked_by_post_too(client: httpx.AsyncClient) -> None:
    told = {"name": "_type", "valueCode": "Task"}
    body = {"resourceType": "Parameters", "parameter": [told]}
    answer = await client.post(f"{PERSON}/$everything", json=body)
    assert [each["resource"]["id"] for each in answer.json()["entry"]] == ["task-person"]


@pytest.mark.usefixtures("people")
async def test_the_pages_of_what_was_asked_by_post_follow_one_another(
    client: httpx.AsyncClient,
) -> None:
    told = [
        {"name": "_type", "valueCode": "Task"},
        {"name": "_type", "valueCode": "Observation"},
        {"name": "_since", "valueInstant": "2000-01-01T00:00:00+01:00"},
        {"name": "start", "valueDate": "2026-02-01"},
        {"name": "_count", "valueInteger": 1},
    ]
    body = {"resourceType": "Parameters", "parameter": told}
    answer = await client.post(f"{PERSON}/$everything", json=body)
    found = []
    while links := {each["relation"]: each["url"] for each in answer.json()["link"]}:
        found += [each["resource"]["id"] for each in answer.json()["entry"]]
        assert (await client.get(links["self"])).json()["entry"] == answer.json()["entry"]
        if "next" not in links:
            break
        answer = await client.get(links["next"])
    assert found == ["task-person", "score-person"]
