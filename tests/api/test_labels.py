"""What an update keeps of meta: profiles, labels and tags that it does not name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import fresh, patient, put, run

if TYPE_CHECKING:
    import httpx

R = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
V = R | {"code": "V"}
KEPT = {"security": [R], "tag": [{"system": "urn:t", "code": "a"}], "profile": ["urn:p"]}


async def _update(client: httpx.AsyncClient, told: dict[str, Any], way: str) -> dict[str, Any]:
    if way == "update":
        answer = await client.put(f"/Patient/{told['id']}", json=told)
        assert answer.is_success, answer.text
        written: dict[str, Any] = answer.json()["meta"]
        return written
    answer = await run(client, "transaction", put(told))
    assert answer.is_success, answer.text
    entry = answer.json()["entry"][0]
    meta: dict[str, Any] = entry["resource"]["meta"]
    return meta


@pytest.mark.parametrize("way", ["update", "transaction"])
@pytest.mark.parametrize("meta", [None, {}, {"source": "urn:s"}, {"security": [R]}])
async def test_labels_of_the_current_version_are_carried_forward(
    client: httpx.AsyncClient, way: str, meta: dict[str, Any] | None
) -> None:
    told = patient(id=fresh(), meta=KEPT)
    await _update(client, told, way)
    after = patient(id=told["id"], active=True) | ({} if meta is None else {"meta": meta})

    written = await _update(client, after, way)
    assert written["versionId"] == "2"
    for name, kept in KEPT.items():
        assert written[name] == kept


@pytest.mark.parametrize("way", ["update", "transaction"])
async def test_labels_are_added_and_not_replaced(client: httpx.AsyncClient, way: str) -> None:
    told = patient(id=fresh(), meta={"security": [R]})
    await _update(client, told, way)
    written = await _update(client, told | {"meta": {"security": [V]}}, way)
    assert written["security"] == [V, R]


async def test_a_label_with_another_display_is_the_same_label(client: httpx.AsyncClient) -> None:
    told = patient(id=fresh(), meta={"security": [R | {"display": "restricted"}]})
    await _update(client, told, "update")
    written = await _update(client, told | {"meta": {"security": [R]}, "active": True}, "update")
    assert written["security"] == [R]


async def test_a_resource_brought_back_starts_without_the_labels_of_the_deleted_one(
    client: httpx.AsyncClient,
) -> None:
    told = patient(id=fresh(), meta={"tag": [{"code": "a"}]})
    await _update(client, told, "update")
    await client.delete(f"/Patient/{told['id']}")
    written = await _update(client, patient(id=told["id"]), "update")
    assert "tag" not in written
