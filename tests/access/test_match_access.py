"""`Patient/$match` finds nobody whom its caller may not see, and says nothing of their number."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from services.intake_api.definition import DEFINITION
from shared.access.access import ANONYMOUS, Access
from shared.access.policy import Policy
from shared.fhir.search.reading import Reading
from shared.server.engine import Engine
from shared.server.request import Context, FhirRequest
from shared.server.siblings import Siblings
from shared.store.store import Store
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BASE = "http://127.0.0.1/fhir"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SYSTEM = Access.system("test")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    texts = Reading(bases=(BASE,))
    store = Store(database_url, "intake", 1, texts=texts, keeps_door=True)
    await store.open()
    yield Engine(DEFINITION, store, "test", Siblings({}))
    await store.close()


def limited_to(*patients: str) -> Access:
    return Access(1, ANONYMOUS, frozenset(patients), None, "test")


def anna(value: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "http://test.example/mrn", "value": value}],
        "name": [{"family": f"Rivera{value}", "given": [f"Anna{value}"]}],
        "birthDate": "1980-02-29",
        "gender": "female",
    }


async def told(engine: Engine, wanted: dict[str, Any], access: Access, **values: Any) -> bytes:  # noqa: ANN401
    given = [{"name": name, **value} for name, value in values.items()]
    parameters = [{"name": "resource", "resource": wanted}, *given]
    request = FhirRequest(
        "POST",
        "operation",
        type="Patient",
        operation="match",
        resource={"resourceType": "Parameters", "parameter": parameters},
    )
    context = Context(
        caller=ANONYMOUS,
        access=access,
        now=NOW,
        request_id=uuid.uuid4().hex,
        base=BASE,
        bases=(BASE,),
        zone=ZoneInfo("UTC"),
        policy=Policy(),
    )
    answer = await engine.dispatch(request, context)
    assert answer.status == 200
    return answer.body or b""


async def written(engine: Engine, logical_id: str, content: dict[str, Any]) -> str:
    key = Key("Patient", logical_id)
    async with engine.store.begin(SYSTEM, "test", door=True) as tx:
        await tx.write([Change(key, "PUT", await tx.read(key), content | {"id": logical_id}, NOW)])
    return logical_id


def found(answer: bytes) -> tuple[int, list[str]]:
    bundle = json.loads(answer)
    return bundle["total"], [each["resource"]["id"] for each in bundle.get("entry", ())]


async def test_only_those_whom_the_caller_may_see_are_found_and_counted(engine: Engine) -> None:
    value = uuid.uuid4().hex
    one, other = [await written(engine, f"{name}-{value}", anna(value)) for name in "ab"]

    assert found(await told(engine, anna(value), SYSTEM)) == (2, [one, other])
    assert found(await told(engine, anna(value), limited_to(one, other))) == (2, [one, other])
    assert found(await told(engine, anna(value), limited_to(one))) == (1, [one])
    assert found(await told(engine, anna(value), limited_to("nobody"))) == (0, [])
    assert found(await told(engine, anna(value), limited_to())) == (0, [])


@pytest.mark.parametrize(
    "values", [{}, {"onlyCertainMatches": {"valueBoolean": True}}, {"count": {"valueInteger": 1}}]
)
async def test_an_answer_is_the_same_whether_there_are_others_or_not(
    engine: Engine, values: dict[str, Any]
) -> None:
    value = uuid.uuid4().hex
    one = await written(engine, f"b-{value}", anna(value))
    before = await told(engine, anna(value), limited_to(one), **values)
    assert found(before) == (1, [one])

    # One who agrees on all, who comes first, and with whom nobody is certain any more.
    await written(engine, f"a-{value}", anna(value))
    assert await told(engine, anna(value), limited_to(one), **values) == before
    assert await told(engine, anna(value), SYSTEM, **values) != before
