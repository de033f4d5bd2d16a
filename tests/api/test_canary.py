"""Nothing of a record stands in an error's text, nor in what the programs write to their logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.resources import (
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
    from collections.abc import Callable

    import httpx

CANARY = "Zaphod-Canary-4711"


async def test_no_refusal_repeats_what_a_record_holds(
    client: httpx.AsyncClient, told_in_log: Callable[[], str]
) -> None:
    name = [{"family": CANARY}]
    secret = identified(CANARY, name=name, id=fresh())
    someone = await updated(client, secret)
    await created(client, observation(someone, note=[{"text": CANARY}]))
    url = f"/{someone}"
    broken = secret | {"gender": CANARY, "birthDate": CANARY, CANARY: 1, "active": CANARY}
    answers = [
        await client.put(url, json=broken),
        await client.post("/Patient", json=broken),
        await client.post("/Patient", content=f'{{"{CANARY}":1,"{CANARY}":2}}'),
        await client.post("/Patient", content=f'{{"resourceType":"Patient","{CANARY}":'),
        await client.post("/Patient", content=f'{{"resourceType":"{CANARY}"}}'),
        await client.put(url, json=secret | {"id": CANARY}),
        await client.put(url, json=secret, headers={"If-Match": CANARY}),
        await client.put(url, json=secret | {"meta": {"tag": CANARY}}),
        await client.delete(url),
        await client.get(f"/Patient?identifier={CANARY}&nonsense=1"),
        await client.get(f"/Patient?birthdate={CANARY}"),
        await client.get(f"/Patient?name:nonsense={CANARY}"),
        await client.get(f"/Patient?_page={CANARY}"),
        await client.get(f"/Patient/{fresh()}?name={CANARY}"),
        await client.get(f"/Patient?_format={CANARY}"),
        await client.get(url, headers={"Accept": f"text/{CANARY}"}),
        await client.get(url, headers={"X-Stepdown-Actor": CANARY}),
        await client.post("/Patient", json=patient(), headers={"If-None-Exist": f"x={CANARY}"}),
        await run(client, "transaction", post(broken)),
        await run(client, "transaction", put(secret, ifMatch=CANARY)),
        await run(client, "transaction", post(secret, ifNoneExist=f"nonsense={CANARY}")),
        await run(client, "transaction", post(observation(f"Patient?identifier={CANARY}x"))),
        await run(client, "transaction", entry("GET", f"Patient?nonsense={CANARY}")),
        await run(client, "transaction", entry("GET", f"http://{CANARY}.example/Patient/1")),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500, answer.text
        assert CANARY not in answer.text
        assert CANARY not in str(answer.headers)

    batch = await run(client, "batch", post(broken), entry("GET", f"Patient?x={CANARY}"))
    assert CANARY not in batch.text
    assert (await client.get(url)).text.count(CANARY) == 2
    assert await client.get(f"/Patient?identifier={CANARY}")

    told = told_in_log()
    assert "level=warning" in told
    assert CANARY not in told
