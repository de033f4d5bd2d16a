"""The audit: one row for each access, in the record before the answer leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    bundle,
    created,
    entry,
    fresh,
    identified,
    observation,
    patient,
    post,
    put,
    run,
    updated,
)

if TYPE_CHECKING:
    import httpx

    from tests.api.auditing import Access, Audit
    from tests.programs import Programs

ACTOR = "Practitioner/tester"


class Asking:
    """Requests of one id, and the rows that they left."""

    def __init__(self, client: httpx.AsyncClient, audit: Audit) -> None:
        self.client = client
        self.audit = audit

    async def rows(
        self,
        method: str,
        url: str,
        status: int,
        **told: Any,  # noqa: ANN401
    ) -> list[Access]:
        """Ask once, and look at once: what is not committed yet would be missing."""
        request_id = fresh()
        headers = {"X-Request-Id": request_id} | told.pop("headers", {})
        answer = await self.client.request(method, url, headers=headers, **told)
        assert answer.status_code == status, answer.text
        return await self.audit.of(request_id)


@pytest.fixture
def asking(client: httpx.AsyncClient, audit: Audit) -> Asking:
    return Asking(client, audit)


async def test_each_interaction_leaves_one_row(client: httpx.AsyncClient, asking: Asking) -> None:
    told = patient(id=fresh())
    logical_id = told["id"]
    url, base = f"/Patient/{logical_id}", str(client.base_url).rstrip("/")
    form = {"identifier": "x"}
    for method, address, status, interaction, version, more in (
        ("PUT", url, 201, "create", 1, {"json": told}),
        ("PUT", url, 200, "update", 1, {"json": told}),
        ("PUT", url, 200, "update", 2, {"json": told | {"active": True}}),
        ("GET", url, 200, "read", 2, {}),
        ("HEAD", url, 200, "read", 2, {}),
        ("GET", url, 304, "read", 2, {"headers": {"If-None-Match": 'W/"2"'}}),
        ("GET", f"{url}/_history/1", 200, "vread", 1, {}),
        ("GET", f"{url}/_history", 200, "history-instance", None, {}),
        ("DELETE", url, 204, "delete", 3, {}),
        ("DELETE", url, 204, "delete", 3, {}),
        ("GET", url, 410, "read", None, {}),
        ("PUT", url, 201, "update", 4, {"json": told}),
        ("PUT", url, 412, "update", None, {"json": told, "headers": {"If-Match": 'W/"1"'}}),
        ("PUT", url, 400, "update", None, {"json": told | {"id": "other"}}),
        ("PUT", url, 422, "update", None, {"json": told | {"gender": "robot"}}),
        ("PUT", url, 400, "update", None, {"content": b"{"}),
        ("PUT", url, 415, "update", None, {"content": b"<Patient/>",
                                           "headers": {"Content-Type": "text/xml"}}),
        ("GET", url, 406, "read", None, {"headers": {"Accept": "text/html"}}),
        ("GET", f"/Patient?_id={logical_id}", 200, "search-type", None, {}),
        ("POST", "/Patient/_search", 200, "search-type", None, {"data": form}),
        ("GET", "/Patient?nonsense=1", 400, "search-type", None, {}),
        ("GET", "/Patient?name=%00", 400, "search-type", None, {}),
        ("GET", f"/Observation/{fresh()}", 404, "read", None, {}),
        ("POST", base, 400, "bundle", None, {"json": bundle("document")}),
        ("POST", base, 400, "bundle", None, {"content": b"{"}),
        ("POST", base, 422, "transaction", None,
         {"json": bundle("transaction", post(patient()), post(patient(gender="robot")))}),
    ):  # fmt: skip
        rows = await asking.rows(method, address, status, **more)
        assert len(rows) == 1, (method, address, status, rows)
        [row] = rows
        assert (row.interaction, row.version) == (interaction, version), (method, address, row)
        assert row.caller == ACTOR
        assert row.status == (200 if (method, status, version) == ("PUT", 201, 4) else status)
        if address.startswith(url):
            assert (row.type, row.id) == ("Patient", logical_id)


async def test_a_create_leaves_one_row_with_the_id_it_gave(
    client: httpx.AsyncClient, asking: Asking
) -> None:
    value = fresh()
    headers = {"If-None-Exist": f"identifier={value}"}
    told = {"json": identified(value), "headers": headers}
    [made] = await asking.rows("POST", "/Patient", 201, **told)
    [found] = await asking.rows("POST", "/Patient", 200, **told)
    assert (made.interaction, made.status) == ("create", 201)
    assert (found.interaction, found.status) == ("create", 200)
    assert made.id == found.id
    assert (await client.get(f"/Patient/{made.id}")).status_code == 200


async def test_a_search_is_audited_with_what_was_searched(asking: Asking) -> None:
    [row] = await asking.rows("GET", "/Patient?identifier=secret&_count=1", 200)
    assert (row.type, row.query) == ("Patient", "identifier=secret&_count=1")
    [row] = await asking.rows("POST", "/Patient/_search", 200, data={"identifier": "secret"})
    assert row.query == "identifier=secret"


async def test_an_unknown_caller_is_audited_as_none_and_a_false_one_is_audited_too(
    asking: Asking, audit: Audit, all_in_one: Programs
) -> None:
    url = f"/Patient/{fresh()}"
    [row] = await asking.rows("GET", url, 400, headers={"X-Stepdown-Actor": "nobody"})
    assert (row.interaction, row.caller, row.status) == ("read", None, 400)
    [row] = await asking.rows("GET", url, 404, headers={"X-Stepdown-Actor": "Patient/me"})
    assert row.caller == "Patient/me"


async def test_a_type_asked_of_the_wrong_service_is_audited_there(
    asking: Asking, all_in_one: Programs
) -> None:
    [row] = await asking.rows("GET", f"{all_in_one.plan}/Patient/{fresh()}", 404)
    assert (row.service, row.interaction, row.type) == ("plan", "read", "Patient")


@pytest.mark.parametrize("kind", ["transaction", "batch"])
async def test_a_bundle_leaves_a_row_of_its_own_and_one_for_each_entry(
    client: httpx.AsyncClient, audit: Audit, kind: str
) -> None:
    same = patient(id=fresh())
    await updated(client, same)
    leaving = await created(client, patient())
    value, request_id = fresh(), fresh()
    await created(client, identified(value))
    answer = await run(
        client,
        kind,
        post(patient()),
        put(patient(id=fresh())),
        put(same),
        post(identified(value), ifNoneExist=f"identifier={value}"),
        entry("GET", f"Patient/{same['id']}"),
        entry("GET", f"Patient?identifier={value}"),
        entry("DELETE", leaving),
        entry("DELETE", f"Patient/{fresh()}"),
        post(observation(f"Patient/{same['id']}")),
        **{"X-Request-Id": request_id},
    )
    assert answer.status_code == 200
    rows = await audit.of(request_id)
    kinds = sorted((row.interaction, row.status) for row in rows)
    assert kinds == sorted(
        [
            (kind, 200),
            ("create", 201),
            ("create", 201),
            ("create", 201),
            ("create", 200),
            ("update", 200),
            ("read", 200),
            ("search-type", 200),
            ("delete", 204),
            ("delete", 204),
        ]
    )
    assert {row.caller for row in rows} == {ACTOR}


async def test_each_refused_entry_of_a_batch_leaves_a_row(
    client: httpx.AsyncClient, audit: Audit
) -> None:
    request_id = fresh()
    await run(
        client,
        "batch",
        entry("GET", f"Patient/{fresh()}"),
        post(patient(gender="robot")),
        **{"X-Request-Id": request_id},
    )
    rows = await audit.of(request_id)
    assert sorted(row.status for row in rows) == [200, 404, 422]


async def test_only_metadata_leaves_none(asking: Asking) -> None:
    assert await asking.rows("GET", "/metadata", 200) == []
    assert await asking.rows("GET", "/Nothing/1", 404) == []


async def test_many_reads_at_once_leave_a_row_each(
    client: httpx.AsyncClient, asking: Asking
) -> None:
    reference = await created(client, patient())
    rows = await asyncio.gather(*(asking.rows("GET", f"/{reference}", 200) for _ in range(100)))
    assert [len(each) for each in rows] == [1] * 100
