"""What a client learns where a fault is ours: a trace, and what is stored all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.api.resources import fresh, patient, put, refused, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from tests.api.auditing import Audit

FAULTY = "faulty"
# Stands for what no program foresees, such as a disk that is full.
BREAK = f"""
CREATE FUNCTION public.break() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'secret'; END $$;
CREATE TRIGGER break BEFORE INSERT ON record.version FOR EACH ROW
  WHEN (new.id = '{FAULTY}') EXECUTE FUNCTION public.break()
"""
MEND = "DROP TRIGGER break ON record.version; DROP FUNCTION public.break()"


@pytest.fixture
async def broken(database_url: str) -> AsyncIterator[None]:
    owner = await asyncpg.connect(database_url)
    await owner.execute(BREAK)
    yield
    await owner.execute(MEND)
    await owner.close()


@pytest.mark.usefixtures("broken")
async def test_a_fault_is_told_by_its_trace_only(client: httpx.AsyncClient, audit: Audit) -> None:
    trace = fresh()
    answer = await client.put(
        f"/Patient/{FAULTY}", json=patient(id=FAULTY), headers={"X-Request-Id": trace}
    )

    assert trace in refused(answer, 500)
    assert "secret" not in answer.text
    assert [row.status for row in await audit.of(trace)] == [500]


@pytest.mark.usefixtures("broken")
async def test_a_fault_in_an_entry_of_a_batch_is_that_entrys(client: httpx.AsyncClient) -> None:
    before, after = fresh(), fresh()
    told = (patient(id=each) for each in (before, FAULTY, after))
    answer = await run(client, "batch", *map(put, told))

    assert answer.status_code == 200
    responses = [each["response"]["status"] for each in answer.json()["entry"]]
    assert responses == ["201", "500", "201"]
    for logical_id in (before, after):
        assert (await client.get(f"/Patient/{logical_id}")).status_code == 200


@pytest.mark.usefixtures("broken")
async def test_a_fault_in_a_transaction_takes_all_of_it_back(client: httpx.AsyncClient) -> None:
    other = fresh()
    answer = await run(client, "transaction", put(patient(id=other)), put(patient(id=FAULTY)))

    refused(answer, 500)
    assert (await client.get(f"/Patient/{other}")).status_code == 404
