"""$validate at each level, in each mode, with a profile or without, as a body or as Parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.parameters import carried, given
from tests.api.resources import created, fresh, patient
from tests.unit.fhir_validation.resources import DIV
from tests.unit.profiles.definitions import element, profile

if TYPE_CHECKING:
    import httpx

NARRATIVE = {"status": "generated", "div": DIV}
KEPT = patient(text=NARRATIVE, birthDate="1980-02-29")
# Valid by R4, and not by the profile
LACKING = patient(text=NARRATIVE)
# Not valid by R4, and the profile is kept
BROKEN = KEPT | {"gender": "none"}


def found(answer: httpx.Response) -> list[tuple[str, str]]:
    """Name the code and place of each fault."""
    assert answer.status_code == 200, answer.text
    issues: list[dict[str, Any]] = answer.json()["issue"]
    return [(each["code"], each["expression"][0]) for each in issues if each["severity"] == "error"]


@pytest.fixture
async def url(client: httpx.AsyncClient) -> str:
    definition = profile(fresh(), "Patient", element("Patient.birthDate", min=1))
    await created(client, definition)
    return str(definition["url"])


@pytest.mark.parametrize("as_parameters", [False, True])
@pytest.mark.parametrize("mode", [None, "create", "update", "profile"])
@pytest.mark.parametrize("level", ["system", "type", "instance"])
async def test_each_level_and_mode_finds_the_same(
    client: httpx.AsyncClient, url: str, level: str, mode: str | None, *, as_parameters: bool
) -> None:
    reference = await created(client, patient())
    path = {"system": "", "type": "/Patient", "instance": f"/{reference}"}[level]

    async def ask(resource: dict[str, Any], nominated: str | None) -> list[tuple[str, str]]:
        said = {"mode": mode, "profile": nominated}
        stated = {name: value for name, value in said.items() if value is not None}
        body = resource | {"id": reference.partition("/")[2]}
        if not as_parameters:
            answer = await client.post(f"{path}/$validate", json=body, params=stated)
        else:
            keys = {"mode": "valueCode", "profile": "valueCanonical"}
            named = [{"name": name, keys[name]: value} for name, value in stated.items()]
            parameters = given(carried("resource", body), *named)
            answer = await client.post(f"{path}/$validate", json=parameters)
        return found(answer)

    broken = [("code-invalid", "Patient.gender")]
    lacking = [("required", "Patient")]
    assert await ask(KEPT, None) == await ask(KEPT, url) == await ask(LACKING, None) == []
    assert await ask(BROKEN, None) == await ask(BROKEN, url) == broken
    assert await ask(LACKING, url) == lacking
    # What is wrong by R4 and what is wrong by the profile is told at once.
    assert await ask(LACKING | {"gender": "none"}, url) == broken + lacking


async def test_what_is_stored_is_judged_by_a_profile_at_its_address(
    client: httpx.AsyncClient, url: str
) -> None:
    for resource, expected in ((KEPT, []), (LACKING, [("required", "Patient")])):
        reference = await created(client, resource)
        path = f"/{reference}/$validate"
        assert found(await client.get(path, params={"profile": url})) == expected
        assert found(await client.get(path)) == []


async def test_what_is_only_recommended_is_told_beside(client: httpx.AsyncClient) -> None:
    own = {"coding": [{"system": "http://example.org/codes", "code": "hand"}]}
    unknown = {"profile": ["http://example.org/unknown"]}
    advised = patient(maritalStatus=own, communication=[{"language": own}], meta=unknown)

    answer = await client.post("/Patient/$validate", json=advised | {"gender": "none"})
    told = [(each["severity"], each["expression"][0]) for each in answer.json()["issue"]]
    assert told == [
        ("error", "Patient.gender"),
        ("warning", "Patient.maritalStatus"),
        ("information", "Patient.communication[0].language"),
        ("warning", "Patient"),
        ("warning", "Patient.meta.profile[0]"),
    ]


async def test_a_hundred_issues_are_told_faults_first_and_a_last_one_says_so(
    client: httpx.AsyncClient,
) -> None:
    own = {"coding": [{"system": "http://example.org/codes", "code": "hand"}]}
    many = patient(contact=[{"name": {"text": "x"}, "relationship": [own] * 150}], gender="none")

    for path in ("/Patient/$validate", "/$validate"):
        issues = (await client.post(path, json=many)).json()["issue"]
        assert len(issues) == 101
        assert issues[0]["expression"] == ["Patient.gender"]
        assert issues[-1]["code"] == "too-costly"


async def test_parameters_themselves_are_looked_at_at_their_address(
    client: httpx.AsyncClient,
) -> None:
    path = "/Parameters/$validate"
    kept, broken = given(sent_valueString="a"), given(sent_valueCode=" a")

    for body in (kept, given(carried("resource", kept))):
        assert found(await client.post(path, json=body)) == []
    for body in (broken, given(carried("resource", broken))):
        assert found(await client.post(path, json=body)) == [
            ("value", "Parameters.parameter[0].value")
        ]
    # Elsewhere they say what to look at.
    assert (await client.post("/$validate", json=kept)).status_code == 400
