"""Searches in the compartment of a resource. https://hl7.org/fhir/R4/compartmentdefinition.html"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import created, link, observation, patient, refused

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

LOINC = "http://loinc.org"


@pytest.fixture(scope="module")
async def ward(client: httpx.AsyncClient) -> dict[str, str]:
    """Two people with an encounter and observations each, and the practitioner of one."""
    doctor = await created(client, {"resourceType": "Practitioner"})
    found = {"doctor": doctor}
    for name in ("one", "other"):
        person = found[name] = await created(client, patient())
        stay = found[f"{name} stay"] = await created(
            client,
            {
                "resourceType": "Encounter",
                "status": "in-progress",
                "class": {"code": "IMP"},
                "subject": {"reference": person},
                "participant": [{"individual": {"reference": doctor}}] if name == "one" else [],
            }
            if name == "one"
            else {
                "resourceType": "Encounter",
                "status": "in-progress",
                "class": {"code": "IMP"},
                "subject": {"reference": person},
            },
        )
        for code in ("a", "b"):
            told = observation(
                person,
                code={"coding": [{"system": LOINC, "code": code}]},
                encounter={"reference": stay},
            )
            found[f"{name} {code}"] = await created(client, told)
    # Who performs is in the compartment as well as who is observed.
    told = observation(found["other"], performer=[{"reference": found["one"]}])
    found["other by one"] = await created(client, told)
    return found


async def named(client: httpx.AsyncClient, ward: dict[str, str], asked: str) -> set[str]:
    """Name what a search finds on all of its pages."""
    names = {reference: name for name, reference in ward.items()}
    found: set[str] = set()
    url: str | None = asked
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        for each in answer.json().get("entry", ()):
            resource: dict[str, Any] = each["resource"]
            reference = f"{resource['resourceType']}/{resource['id']}"
            assert each["fullUrl"].endswith(reference)
            found.add(names[reference])
        url = link(answer, "next")
    return found


OBSERVED = {"one a", "one b", "other by one"}


async def test_what_is_in_a_patients_compartment_is_found(
    client: httpx.AsyncClient, ward: dict[str, str]
) -> None:
    one = ward["one"]
    for asked, expected in (
        (f"/{one}/Observation", OBSERVED),
        (f"/{one}/Observation?code={LOINC}|a", {"one a"}),
        (f"/{one}/Observation?_count=1&_sort=-_lastUpdated", OBSERVED),
        (f"/{one}/Encounter", {"one stay"}),
        (f"/{one}/Condition", set()),
        (f"/{one}/Patient", {"one"}),
        (f"/{one}/*", OBSERVED | {"one", "one stay"}),
        (f"/{one}/*?_count=2", OBSERVED | {"one", "one stay"}),
        (f"/{one}/*?_type=Encounter,Patient", {"one", "one stay"}),
        ("/Patient/nobody/Observation", set()),
        ("/Patient/nobody/*", set()),
    ):
        assert await named(client, ward, asked) == expected, asked


async def test_the_other_compartments_are_served_alike(
    client: httpx.AsyncClient, ward: dict[str, str]
) -> None:
    stay, doctor = ward["one stay"], ward["doctor"]
    assert await named(client, ward, f"/{stay}/Observation") == {"one a", "one b"}
    assert await named(client, ward, f"/{stay}/*") == {"one a", "one b", "one stay"}
    assert await named(client, ward, f"/{doctor}/Encounter") == {"one stay"}
    assert await named(client, ward, f"/{doctor}/*") == {"one stay", "doctor"}
    assert await named(client, ward, "/Device/none/Observation") == set()
    assert await named(client, ward, "/RelatedPerson/none/*") == set()


async def test_a_compartment_is_searched_by_form_too(
    client: httpx.AsyncClient, ward: dict[str, str]
) -> None:
    one = ward["one"]
    answer = await client.post(f"/{one}/Observation/_search", data={"code": "a"})
    assert [each["resource"]["id"] for each in answer.json()["entry"]] == [
        ward["one a"].partition("/")[2]
    ]
    answer = await client.post(
        f"/{one}/*/_search", data={"_type": "Encounter", "_total": "accurate"}
    )
    assert answer.json()["total"] == 1
    assert link(answer, "self") == str(client.base_url).rstrip("/") + (
        f"/{one}/*?_type=Encounter&_total=accurate"
    )


async def test_a_page_of_one_persons_compartment_is_none_of_anothers(
    client: httpx.AsyncClient, ward: dict[str, str]
) -> None:
    answer = await client.get(f"/{ward['one']}/Observation?_count=1")
    page = (link(answer, "next") or "").partition("?")[2]
    assert (await client.get(f"/{ward['one']}/Observation?{page}")).status_code == 200
    refused(await client.get(f"/{ward['other']}/Observation?{page}"), 400)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/Patient/1/Organization", 404),
        ("GET", "/Patient/1/Nothing", 404),
        ("GET", "/Organization/1/Observation", 404),
        ("GET", "/Organization/1/*", 404),
        ("POST", "/Patient/1/Observation", 405),
        ("GET", "/Patient/1/Observation/_search", 405),
        ("GET", "/Patient/1/Observation?nonsense=1", 400),
        ("GET", "/Patient/1/*?code=a", 400),
        ("GET", "/Patient/1/*?_type=Organization", 400),
        ("GET", "/Patient/1/AuditEvent", 400),
    ],
)
async def test_what_is_no_compartment_is_refused(
    client: httpx.AsyncClient, method: str, address: str, status: int
) -> None:
    refused(await client.request(method, address), status)


async def test_each_service_answers_for_its_own_types(
    all_in_one: Programs, client: httpx.AsyncClient, ward: dict[str, str]
) -> None:
    root = all_in_one.fhir.removesuffix("/fhir")
    for service, status in (("progress", 200), ("plan", 404), ("intake", 404)):
        answer = await client.get(f"{root}/{service}/fhir/{ward['one']}/Observation")
        assert answer.status_code == status, service
