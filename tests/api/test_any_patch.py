"""Whatever patch or history a client asks for, it gets an answer, and never a 5xx."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.patches import JSON_PATCH
from tests.api.resources import issues, patient
from tests.api.strategies import values

if TYPE_CHECKING:
    import httpx

LENIENT = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
LONG = settings(LENIENT, max_examples=10_000)
PERSON = patient(
    id="any-patch",
    name=[{"family": "F", "given": ["A", "B"], "_given": [None, {"id": "g"}]}],
    birthDate="1980",
    contact=[{"gender": "male", "name": {"text": "C"}}],
    identifier=[{"system": "urn:s", "value": "v"}],
    multipleBirthInteger=2,
)
STEPS = (
    "", "name", "0", "1", "-", "given", "_given", "family", "birthDate", "_birthDate", "id",
    "meta", "tag", "security", "contact", "contained", "extension", "text", "x", "~",
)  # fmt: skip
pointers = st.lists(st.sampled_from(STEPS), max_size=4).map(
    lambda steps: "".join(f"/{step}" for step in steps)
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(("add", "remove", "replace", "move", "copy", "test", "x")),
     "path": pointers},
    optional={"from": pointers, "value": values},
)  # fmt: skip
paths = st.sampled_from(
    ("Patient", "Patient.name", "Patient.name[0].given", "Patient.name.given[1]", "name.family",
     "Patient.birthDate", "Patient.birthDate.id", "Patient.contact.gender", "Patient.multipleBirth",
     "Patient.identifier.where(value='v')", "Patient.meta", "Patient.id", "Patient.x", "today()",
     "Patient.descendants()", "%resource.name", "Patient.name.given.first().extension", "1 + 1",
     "Patient.name.given.id", "Patient.contained", "((", "Patient.repeat(name)", "resolve()")
)  # fmt: skip
given_values: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    ({"valueString": "x"}, {"valueCode": "male"}, {"valueDate": "2020"}, {"valueInteger": 1},
     {"valueHumanName": {"text": "t"}}, {"resource": {"resourceType": "Basic"}},
     {"part": [{"name": "family", "valueString": "x"}]}, {"part": [{"name": "x", "valueId": "x"}]},
     {"_valueString": {"id": "i"}}, {"valueDecimal": 1.10}, {"valueReference": {"reference": "#x"}})
)  # fmt: skip
names = st.sampled_from(
    ("name", "given", "family", "birthDate", "gender", "extension", "id", "contained",
     "multipleBirth", "deceased", "contact", "value", "x")
)  # fmt: skip


@st.composite
def path_operations(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(("add", "insert", "delete", "replace", "move")))
    part: list[dict[str, Any]] = [
        {"name": "type", "valueCode": kind},
        {"name": "path", "valueString": draw(paths)},
    ]
    if kind in {"add", "insert", "replace"}:
        part.append({"name": "value", **draw(given_values)})
    if kind == "add":
        part.append({"name": "name", "valueString": draw(names)})
    places = {"insert": ("index",), "move": ("source", "destination")}.get(kind, ())
    part += [{"name": name, "valueInteger": draw(st.integers(-1, 3))} for name in places]
    return {"name": "operation", "part": part}


async def _patched(client: httpx.AsyncClient, content: object, media_type: str) -> None:
    there = await client.put("/Patient/any-patch", json=PERSON)
    assert there.is_success, there.text
    body, headers = json.dumps(content), {"Content-Type": media_type}
    answer = await client.patch("/Patient/any-patch", content=body, headers=headers)
    assert answer.status_code < 500, (content, answer.text)
    if answer.status_code >= 400:
        assert issues(answer)
    else:
        read = await client.get("/Patient/any-patch")
        assert read.content == answer.content
        kept = await client.put("/Patient/any-patch", json=read.json())
        assert kept.status_code == 200, kept.text


@LENIENT
@given(told=st.lists(operations, max_size=4))
async def test_any_json_patch_is_answered(
    client: httpx.AsyncClient, told: list[dict[str, Any]]
) -> None:
    await _patched(client, told, JSON_PATCH)


@LENIENT
@given(told=st.lists(path_operations(), max_size=3))
async def test_any_fhirpath_patch_is_answered(
    client: httpx.AsyncClient, told: list[dict[str, Any]]
) -> None:
    content = {"resourceType": "Parameters", "parameter": told} if told else None
    await _patched(client, content or {"resourceType": "Parameters"}, "application/fhir+json")


@pytest.mark.long
@LONG
@given(
    told=st.lists(operations, max_size=6).map(lambda each: (each, JSON_PATCH))
    | st.lists(path_operations(), min_size=1, max_size=6).map(
        lambda each: ({"resourceType": "Parameters", "parameter": each}, "application/fhir+json")
    )
)
async def test_ten_thousand_patches_are_answered(
    client: httpx.AsyncClient, told: tuple[object, str]
) -> None:
    await _patched(client, *told)


@LENIENT
@given(
    url=st.sampled_from(("/_history", "/Patient/_history", "/Patient/any-patch/_history")),
    pairs=st.lists(
        st.tuples(
            st.sampled_from(("_since", "_at", "_count", "_page", "_format", "x")),
            st.sampled_from(
                ("2020", "2020-02-30", "0001", "9999-12-31", "2020-01-01T00:00:00Z", "0", "1",
                 "999999999", "-1", "json", "9999-12-31T23:59:59.999999999-14:00", "\x00", "")
            )
            | st.text(max_size=8),
        ),
        max_size=3,
    ),
)  # fmt: skip
async def test_any_history_is_answered(
    client: httpx.AsyncClient, url: str, pairs: list[tuple[str, str]]
) -> None:
    answer = await client.get(url, params=tuple(pairs))
    assert answer.status_code < 500, (url, pairs, answer.text)
    assert answer.status_code in {200, 400, 404, 406}
