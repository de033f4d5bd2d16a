"""Operations in Bundles: a batch sends on those of another service; a transaction takes none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.resources import created, entry, fresh, issues, patient, refused, run

if TYPE_CHECKING:
    import httpx

PARAMETERS = {"resourceType": "Parameters"}


async def _plan(client: httpx.AsyncClient) -> str:
    subject = await created(client, patient())
    plan = {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "subject": {"reference": subject},
    }
    return await created(client, plan)


async def test_a_batch_sends_an_operation_on_to_its_service(client: httpx.AsyncClient) -> None:
    plan = await _plan(client)
    alone = await client.get(f"/{plan}/$hours")
    assert alone.status_code == 200, alone.text
    answer = await run(
        client,
        "batch",
        entry("GET", f"{plan}/$hours"),
        entry("GET", plan),
        entry("GET", f"{plan}/$hours?_format=json"),
        entry("POST", f"{plan}/$hours", PARAMETERS),
    )
    assert answer.status_code == 200
    found = answer.json()["entry"]
    assert [each["response"]["status"] for each in found] == ["200"] * 4
    for each in (found[0], found[2], found[3]):
        assert each["resource"] == alone.json()


async def test_a_refusal_by_the_other_service_stands_in_its_entry(
    client: httpx.AsyncClient,
) -> None:
    plan = await _plan(client)
    answer = await run(
        client,
        "batch",
        entry("GET", f"CarePlan/{fresh()}/$hours"),
        entry("GET", f"{plan}/$nothing"),
        entry("GET", f"{plan}/$hours?nonsense=1"),
        entry("POST", f"{plan}/$hours", {"resourceType": "Basic"}),
        entry("GET", f"{plan}/$hours"),
    )
    found = answer.json()["entry"]
    assert [each["response"]["status"] for each in found] == ["404", "404", "400", "400", "200"]
    for each in found[:4]:
        assert each["response"]["outcome"]["issue"][0]["diagnostics"]
        assert "resource" not in each


async def test_the_other_service_audits_it_for_the_same_caller(client: httpx.AsyncClient) -> None:
    plan = await _plan(client)
    caller = f"Practitioner/{fresh()[:20]}"
    told = entry("GET", f"{plan}/$hours")
    await run(client, "batch", told, **{"X-Stepdown-Actor": caller})
    found = (await client.get(f"/AuditEvent?agent={caller}&subtype=operation")).json()["entry"]
    assert [each["resource"]["source"]["observer"]["display"] for each in found] == ["plan_api"]


async def test_an_operation_of_the_door_s_own_runs_there(client: httpx.AsyncClient) -> None:
    person = await created(client, patient())
    answer = await run(client, "batch", entry("GET", f"{person}/$everything"))
    [told] = answer.json()["entry"]
    assert told["response"]["status"] == "200", answer.text
    assert told["resource"]["resourceType"] == "Bundle"


async def test_a_transaction_takes_no_operation(client: httpx.AsyncClient) -> None:
    plan = await _plan(client)
    for url in (f"{plan}/$hours", f"{await created(client, patient())}/$everything"):
        answer = await run(client, "transaction", entry("GET", url))
        refused(answer, 400)
        assert issues(answer)[0]["code"] == "not-supported"
    assert (await run(client, "transaction", entry("GET", plan))).status_code == 200
