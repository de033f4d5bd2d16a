"""`Observation/$lastn`: https://hl7.org/fhir/R4/observation-operation-lastn.html"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import created, link, observation, patient, refused

if TYPE_CHECKING:
    import httpx

LOINC = "http://loinc.org"


def measured(person: str, date: str | None, *codes: str, **elements: Any) -> dict[str, Any]:  # noqa: ANN401
    coding = [{"system": LOINC, "code": code} for code in codes]
    dated = {} if date is None else {"effectiveDateTime": date}
    return observation(person, code={"coding": coding}, **dated, **elements)


@pytest.fixture(scope="module")
async def person(client: httpx.AsyncClient) -> str:
    """Somebody with four weights, two of one day, three heights, a mood, and one without a date."""
    found = await created(client, patient())
    vital = [{"coding": [{"code": "vital"}]}]
    for date in ("2024-01-01", "2024-03-01", "2024-03-01", "2023-01-01"):
        await created(client, measured(found, date, "w", category=vital))
    await created(client, measured(found, "2024-01-05", "h", "local", category=vital))
    await created(client, measured(found, "2024-01-06", "local", "h", category=vital))
    await created(client, measured(found, "2024-01-04", "h", category=vital))
    await created(client, observation(found, code={"text": "Mood"}, effectiveDateTime="2020"))
    await created(client, measured(found, None, "w", category=vital))
    other = await created(client, patient())
    await created(client, measured(other, "2025-01-01", "w", category=vital))
    return found


async def shown(client: httpx.AsyncClient, asked: str) -> list[tuple[str, str]]:
    """List code and date of all that is shown, page by page."""
    found: list[tuple[str, str]] = []
    url: str | None = f"/Observation/$lastn?{asked}"
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        for each in answer.json().get("entry", ()):
            told = each["resource"]
            codes = [coding["code"] for coding in told["code"].get("coding", ())]
            name = min(codes) if codes else told["code"]["text"]
            found.append((name, told["effectiveDateTime"]))
        url = link(answer, "next")
    return found


HEIGHTS = [("h", "2024-01-06"), ("h", "2024-01-05")]
WEIGHTS = [("w", "2024-03-01"), ("w", "2024-03-01"), ("w", "2024-01-01"), ("w", "2023-01-01")]


@pytest.mark.parametrize("count", ["", "&_count=1", "&_count=2"])
async def test_the_latest_of_each_code_are_shown(
    client: httpx.AsyncClient, person: str, count: str
) -> None:
    of = f"patient={person}{count}"
    assert await shown(client, of) == [HEIGHTS[0], *WEIGHTS[:2], ("Mood", "2020")]
    assert await shown(client, f"{of}&code=w") == WEIGHTS[:2]
    assert await shown(client, f"{of}&code=w&max=2") == WEIGHTS[:2]
    assert await shown(client, f"{of}&code=w&max=3") == WEIGHTS[:3]
    assert await shown(client, f"{of}&code=w&max=9") == WEIGHTS
    assert await shown(client, f"subject={person}&category=vital&code=local&max=2") == HEIGHTS
    assert await shown(client, f"{of}&date=lt2024&code=w") == WEIGHTS[3:]
    assert await shown(client, "patient=Patient/nobody") == []


async def test_its_pages_lead_back_and_are_counted(client: httpx.AsyncClient, person: str) -> None:
    url = f"/Observation/$lastn?max=3&patient={person}&_count=2&_total=accurate"
    first = await client.get(url)
    second = await client.get(link(first, "next") or "")
    again = await client.get(link(second, "previous") or "")
    assert again.json()["entry"] == first.json()["entry"]
    assert first.json()["total"] == 7
    refused(await client.get((link(first, "next") or "").replace("max=3", "max=2")), 400)


async def test_it_is_asked_by_post_too(client: httpx.AsyncClient, person: str) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "max", "valueInteger": 3}]}
    answer = await client.post(f"/Observation/$lastn?patient={person}&code=w", json=body)
    assert len(answer.json()["entry"]) == 3


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "code=w",
        "subject:missing=false",
        "subject=Patient/1,Patient/2",
        "subject:Patient.name=x",
        "patient=Patient/1&max=0",
        "patient=Patient/1&max=many",
        "patient=Patient/1&_sort=date",
        "patient=Patient/1&_include=Observation:subject",
        "patient=Patient/1&nonsense=1",
    ],
)
async def test_what_it_does_not_take_is_refused(client: httpx.AsyncClient, asked: str) -> None:
    refused(await client.get(f"/Observation/$lastn?{asked}"), 400)
