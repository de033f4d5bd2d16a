"""Outbound requests are delivered until they are answered, in order within each stream."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.store.feed_site import reaction
from tests.store.partner import Asked, Partner

if TYPE_CHECKING:
    import pytest

    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from tests.store.feed_site import Site
    from tests.store.partner import Answer

ANSWERED = "SELECT count(*) FROM plan.outbound WHERE tenant = $1 AND answered IS NOT NULL"
WAITING = "SELECT count(*) FROM plan.outbound WHERE tenant = $1 AND answered IS NULL"
STATUS = "SELECT key, status FROM plan.outbound WHERE tenant = $1 ORDER BY created"
BODY = b'{"resourceType":"Flag","note":"Maria Muster"}'


async def send(event: Event, effects: Effects) -> None:
    path = f"Flag/{effects.id_for('flag')}"
    await effects.send("partner", "PUT", path, body=BODY, purpose="flag")


async def test_a_request_tells_who_sends_it_and_why(site: Site) -> None:
    partner = Partner()
    async with (
        partner.listening(),
        site.running("plan", reaction(send), sibling_urls={"partner": partner.url}),
    ):
        await site.write("Patient/a")
        await site.becomes(1, ANSWERED)
    [asked] = partner.asked
    assert (asked.method, asked.body) == ("PUT", BODY)
    assert asked.path.startswith("/fhir/Flag/")
    assert asked.headers["x-request-id"] == "Patient/a/1/flag"
    assert asked.headers["x-stepdown-actor"] == "Device/plan"
    assert asked.headers["content-type"] == "application/fhir+json"
    assert await site.rows(STATUS) == [("Patient/a/1/flag", 201)]


async def test_each_request_is_sent_once_by_several_copies(site: Site) -> None:
    partner = Partner()

    async def send_two(event: Event, effects: Effects) -> None:
        for purpose in ("b", "a"):
            await effects.send(partner.url, "POST", "", body=BODY, purpose=purpose)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(partner.listening())
        for _ in range(3):
            await stack.enter_async_context(site.running("plan", reaction(send_two)))
        for number in range(20):
            await site.write(f"Patient/{number % 4}")
        await site.becomes(40, ANSWERED)
    assert len(partner.keys) == len(set(partner.keys)) == 40
    of_one = [key for key in partner.keys if key.startswith("Patient/1/")]
    assert of_one == [f"Patient/1/{number}/{which}" for number in range(1, 6) for which in "ba"]


async def test_a_request_is_repeated_until_its_target_answers(site: Site) -> None:
    answers = [503, 429, 502, 200]
    partner = Partner(answer=lambda _: (answers.pop(0), {}))
    async with partner.listening():
        pass
    async with site.running("plan", reaction(send), sibling_urls={"partner": partner.url}):
        await site.write("Patient/a")
        await site.becomes(1, f"{WAITING} AND attempts > 0")
        async with partner.listening():
            await site.becomes(0, WAITING)
    assert partner.keys == ["Patient/a/1/flag"] * 4
    assert len({asked.path for asked in partner.asked}) == 1
    assert await site.rows(STATUS) == [("Patient/a/1/flag", 200)]


async def test_a_race_that_a_target_lost_is_run_again(site: Site) -> None:
    answers = [409, 409, 201]
    partner = Partner(answer=lambda _: (answers.pop(0), {}))
    async with (
        partner.listening(),
        site.running("plan", reaction(send), sibling_urls={"partner": partner.url}),
    ):
        await site.write("Patient/a")
        await site.becomes(1, ANSWERED)
    assert await site.rows(STATUS) == [("Patient/a/1/flag", 201)]


async def test_a_conflict_that_lasts_is_an_answer(site: Site) -> None:
    partner = Partner(answer=lambda _: (409, {"Retry-After": "0"}))
    async with (
        partner.listening(),
        site.running("plan", reaction(send), sibling_urls={"partner": partner.url}),
    ):
        await site.write("Patient/a")
        await site.becomes(1, ANSWERED)
    assert await site.rows(STATUS) == [("Patient/a/1/flag", 409)]
    assert len(partner.asked) > 1


async def test_a_request_that_waits_holds_up_its_stream_only(site: Site) -> None:
    is_open = False

    def answer(asked: Asked) -> Answer:
        return (201 if is_open or "/good/" in asked.key else 503, {})

    partner = Partner(answer=answer)
    async with (
        partner.listening(),
        site.running("plan", reaction(send), sibling_urls={"partner": partner.url}),
    ):
        for _ in range(2):
            await site.write("Patient/bad")
            await site.write("Patient/good")
        await site.becomes(2, ANSWERED)
        assert "Patient/bad/2/flag" not in partner.keys
        is_open = True
        await site.becomes(0, WAITING)
    assert partner.keys[-2:] == ["Patient/bad/1/flag", "Patient/bad/2/flag"]


async def test_the_wait_that_a_target_asks_for_is_kept(site: Site) -> None:
    partner = Partner(answer=lambda _: (503, {"Retry-After": "20"}))
    async with (
        partner.listening(),
        site.running("plan", reaction(send), sibling_urls={"partner": partner.url}),
    ):
        await site.write("Patient/a")
        await site.becomes(503, "SELECT status FROM plan.outbound WHERE tenant = $1")
    wait = "SELECT next_attempt > now() + interval '10 s' FROM plan.outbound WHERE tenant = $1"
    assert await site.rows(wait) == [(True,)]


async def test_a_refusal_is_an_answer_and_stays_to_be_looked_at(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    partner = Partner(answer=lambda asked: (422 if "/1/" in asked.key else 201, {}))
    async with (
        partner.listening(),
        site.running("plan", reaction(send), sibling_urls={"partner": partner.url}),
    ):
        await site.write("Patient/a")
        await site.write("Patient/a")
        await site.becomes(2, ANSWERED)
    assert await site.rows(STATUS) == [("Patient/a/1/flag", 422), ("Patient/a/2/flag", 201)]
    assert "refused with status 422" in caplog.text
    assert "Muster" not in caplog.text


async def test_a_request_to_a_sibling_without_a_url_waits(site: Site) -> None:
    async with site.running("plan", reaction(send)):
        await site.write("Patient/a")
        await site.becomes(1, f"{WAITING} AND attempts > 0")
    assert await site.rows(STATUS) == [("Patient/a/1/flag", None)]
