"""Writers that never pause, and a journal of everything that was acknowledged to them."""

from __future__ import annotations

import asyncio
import itertools
import random
import uuid
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from tests.services.person import HIGH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.programs import Programs

Resource = dict[str, Any]
WRITERS = 12
IN_FLIGHT = 8
_BACK_OFF_SECONDS = 0.05
# What follows from a Bundle is most of the work, so not every act is one.
_BUNDLES = 0.05
BASES = {"Encounter": "intake", "Patient": "intake", "CarePlan": "plan", "Observation": "progress"}
# The types of a Bundle that is written as one.
BUNDLED = ("Patient", "EpisodeOfCare", "Encounter", "Observation")
LOINC = "http://loinc.org"


class Written(NamedTuple):
    """A version that was acknowledged; `mark` stands in its content, None for a deletion."""

    type: str
    id: str
    version: int
    mark: str | None


@dataclass
class Journal:
    """What was acknowledged, which Bundles were tried, and which statuses came back."""

    written: list[Written] = field(default_factory=list)
    bundles: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0

    async def until_busy(self) -> None:
        """Wait until enough requests are on their way."""
        while self.in_flight < IN_FLIGHT:  # noqa: ASYNC110 - it changes many times a second
            await asyncio.sleep(0)


class Writer:
    """One client, with a person and a plan of its own."""

    def __init__(self, number: int, programs: Programs, journal: Journal) -> None:
        self.successes = 0
        self._name = f"w{number}-{uuid.uuid4().hex[:8]}"
        self._programs = programs
        # Every other one goes past the front door.
        self._direct = bool(number % 2)
        self._journal = journal
        self._observations: list[str] = []
        self._counter = itertools.count(1)

    async def run(self) -> None:
        """Write without a pause until cancelled."""
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            patient = {"resourceType": "Patient", "id": self._name}
            while not await self._put(http, patient):
                pass
            for act in itertools.cycle((self._create, self._plan, self._delete, self._plan)):
                await act(http)
                if random.random() < _BUNDLES:
                    await self._bundle(http)

    async def _create(self, http: httpx.AsyncClient) -> None:
        mark = self._mark()
        observation = _observation(self._name, mark)
        answer = await self._ask(http, "POST", "Observation", observation)
        if answer is not None:
            self._note(answer.json(), mark)
            self._observations.append(answer.json()["id"])

    async def _plan(self, http: httpx.AsyncClient) -> None:
        subject = {"reference": f"Patient/{self._name}"}
        plan = {"resourceType": "CarePlan", "id": self._name, "subject": subject}
        await self._put(http, plan | {"status": "active", "intent": "plan"})

    async def _bundle(self, http: httpx.AsyncClient) -> None:
        """Write a person in care whose stay ended and whose risk is high: all of it, or nothing."""
        mark = self._mark()
        self._journal.bundles.add(mark)
        entries = [
            {
                "resource": each,
                "request": {"method": "PUT", "url": f"{each['resourceType']}/{mark}"},
            }
            for each in _person(mark)
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = await self._ask(http, "POST", "", bundle)
        for entry in answer.json()["entry"] if answer else ():
            self._note(entry["resource"], mark)

    async def _delete(self, http: httpx.AsyncClient) -> None:
        if len(self._observations) > 3:
            logical_id = self._observations.pop(random.randrange(len(self._observations)))
            answer = await self._ask(http, "DELETE", f"Observation/{logical_id}")
            if answer is not None:
                self._journal.written.append(Written("Observation", logical_id, 2, None))

    async def _put(self, http: httpx.AsyncClient, resource: Resource) -> bool:
        mark = self._mark()
        path = f"{resource['resourceType']}/{resource['id']}"
        answer = await self._ask(http, "PUT", path, resource | {"language": mark})
        if answer is not None:
            self._note(answer.json(), mark)
        return answer is not None

    async def _ask(
        self, http: httpx.AsyncClient, method: str, path: str, body: Resource | None = None
    ) -> httpx.Response | None:
        """Ask once; None unless it was acknowledged."""
        base = self._programs.fhir
        if self._direct:
            base = self._programs.base(BASES.get(path.partition("/")[0], "intake"))
        self._journal.in_flight += 1
        try:
            answer = await http.request(method, f"{base}/{path}".rstrip("/"), json=body)
        except httpx.TransportError:
            answer = None
        finally:
            self._journal.in_flight -= 1
        if answer is not None:
            self._journal.statuses[answer.status_code] += 1
        if answer is None or not answer.is_success:
            await asyncio.sleep(_BACK_OFF_SECONDS)
            return None
        self.successes += 1
        return answer

    def _mark(self) -> str:
        return f"{self._name}-{next(self._counter)}"

    def _note(self, written: Resource, mark: str) -> None:
        version = int(written["meta"]["versionId"])
        known = Written(written["resourceType"], written["id"], version, mark)
        self._journal.written.append(known)


@asynccontextmanager
async def traffic(programs: Programs) -> AsyncIterator[tuple[Journal, list[Writer]]]:
    """Let the writers work; at the end they have stopped, and what was not answered is unknown."""
    journal = Journal()
    writers = [Writer(number, programs, journal) for number in range(WRITERS)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(writer.run()) for writer in writers]
        yield journal, writers
        for task in tasks:
            task.cancel()


async def until_each_succeeds(writers: list[Writer]) -> None:
    """Wait until every writer was answered once more."""
    async with asyncio.timeout(60):
        for writer in writers:
            before = writer.successes
            while writer.successes == before:  # noqa: ASYNC110 - the writer is a task of its own
                await asyncio.sleep(0.01)


def _observation(patient: str, mark: str) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "language": mark,
        "code": {"coding": [{"system": LOINC, "code": "44261-6"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-03-05",
    }


def _person(mark: str) -> list[Resource]:
    person = {"reference": f"Patient/{mark}"}
    act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    answer = {"coding": [{"system": LOINC, "code": HIGH}]}
    contents: list[Resource] = [
        {},
        {"status": "active", "patient": person},
        {
            "status": "finished",
            "class": {"system": act_code, "code": "IMP"},
            "subject": person,
        },
        _observation(mark, mark)
        | {
            "code": {"coding": [{"system": LOINC, "code": "93374-7"}]},
            "valueCodeableConcept": answer,
        },
    ]
    return [
        {"resourceType": name, "id": mark, "language": mark, **content}
        for name, content in zip(BUNDLED, contents, strict=True)
    ]
