"""Tells what a week's sessions cost the feed's consumer: `python -m tests.bench.feed_cost`.

One person comes to four weeks of sessions, each week told in one transaction. Then progress_api's
consumer reads all of it again, by turns with and without what spares it work, in one process; what
is told is the processor time of that process for each event.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx

from services.progress_api.definition import DEFINITION
from shared.care.canonical import code_system
from shared.feed import ahead
from shared.feed.consumer import Consumer
from shared.feed.reaction import Reactions
from shared.fhir.search.reading import Reading
from shared.store.embedded import EmbeddedServer
from shared.store.store import Store
from tests.programs import Programs
from tests.record import owner

if TYPE_CHECKING:
    from shared.feed.reaction import Event, Reaction
    from shared.fhir.reader import JsonObject
    from tests.services.person import Resource

WEEKS, SESSIONS, ROUNDS = 4, 16, 3
PERSON = {"reference": "Patient/p"}
AGAIN = "UPDATE progress.cursor SET xid = '-9223372036854775808', position = 0"


class Unspared(Reactions):
    """Reactions that see whatever concerns any of them, each write by itself."""

    def concerned_by(self, event: Event, content: JsonObject) -> tuple[Reaction, ...]:
        """Give all that wait for the type, where it concerns one of them."""
        waiting = self.waiting_for(event.key.type)
        return waiting if any(each.concerns(content) for each in waiting) else ()


def week(first: datetime) -> list[Resource]:
    """A week's sessions, each booked and attended."""
    told: list[Resource] = []
    for n in range(SESSIONS):
        start = first + timedelta(days=n % 4, hours=2 * (n // 4))
        end = start + timedelta(hours=1)
        name = f"{first:%m%d}-{n}"
        span = {"start": start.isoformat(), "end": end.isoformat()}
        people = [{"actor": PERSON, "status": "accepted"}]
        told.append(
            {
                "resourceType": "Appointment",
                "id": f"a-{name}",
                "status": "fulfilled",
                "participant": people,
                **span,
            }
        )
        told.append(
            {
                "resourceType": "Encounter",
                "id": f"v-{name}",
                "status": "finished",
                "class": {"code": "AMB"},
                "subject": PERSON,
                "appointment": [{"reference": f"Appointment/a-{name}"}],
                "period": span,
            }
        )
    return told


def tell(fhir: str) -> None:
    """Have the person come to all their sessions."""
    began = datetime.now(UTC).replace(hour=9, minute=0) - timedelta(weeks=WEEKS + 1)
    episode: Resource = {
        "resourceType": "EpisodeOfCare",
        "id": "e",
        "status": "active",
        "type": [{"coding": [{"system": code_system("programme"), "code": "iop"}]}],
        "patient": PERSON,
        "period": {"start": began.date().isoformat()},
    }
    weeks = [week(began + timedelta(weeks=n)) for n in range(WEEKS)]
    with httpx.Client(base_url=fhir, timeout=120, trust_env=False) as http:
        for told in ([{"resourceType": "Patient", "id": "p"}, episode], *weeks):
            entries = [
                {"resource": each, "request": {"method": "PUT", "url": _address(each)}}
                for each in told
            ]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            http.post("", json=bundle).raise_for_status()


def _address(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


async def reading_cost(url: str, reactions: Reactions) -> float:
    """Read the feed from its beginning, and give the milliseconds of processor time an event."""
    async with owner(url) as connection:
        await connection.execute(AGAIN)
    store = Store(url, "progress", 1, texts=Reading())
    await store.open()
    try:
        consumer, events = Consumer(store, reactions), 0
        begun = time.process_time()
        while read := await consumer.read():
            events += read
        return (time.process_time() - begun) * 1000 / events
    finally:
        await store.close()


async def compare(url: str) -> None:
    """Read by turns, and print both."""
    # A week is told at once, and not all of them.
    ahead.BATCH = 2 * SESSIONS  # type: ignore[misc]
    spared = DEFINITION.reactions
    each = tuple(replace(e, by_person=frozenset()) for e in spared.reactions)
    unspared = Unspared(spared.service, each, spared.timers)
    costs: dict[str, list[float]] = {"without": [], "with": []}
    for _ in range(ROUNDS):
        costs["without"].append(await reading_cost(url, unspared))
        costs["with"].append(await reading_cost(url, spared))
    without, less = (median(each) for each in costs.values())
    print(f"{without:.2f} ms an event without, {less:.2f} ms with: {without / less:.1f} times less")


def main() -> None:
    """Tell of the sessions once, read of them several times, and print."""
    with tempfile.TemporaryDirectory(prefix="stepdown-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer.start(Path(folder), lambda _: None)
        try:
            with Programs.all_in_one(server.url) as programs:
                tell(programs.fhir)
                time.sleep(20)
            asyncio.run(compare(server.url))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
