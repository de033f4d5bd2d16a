"""One person's whole way, played by the demo, in both deployments and through every crash."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from shared.client import FhirClient
from tests.journey.story import played, record_of, set_clock, summed_up
from tests.programs import SERVICES, Programs

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Mapping

    from shared.client.answer import Answer

_FEW_WEEKS = 3
# A week's worth of the record's own work may take its time where much else is running.
_PATIENCE = 300.0
# So many requests of the story pass between two crashes.
_BETWEEN = 17


@pytest.fixture(scope="module")
def whole(make_database: Callable[[], str]) -> Iterator[Programs]:
    with Programs.all_in_one(make_database()) as programs:
        set_clock(programs.fhir)
        yield programs


@pytest.fixture(scope="module")
def apart(make_database: Callable[[], str]) -> Iterator[Programs]:
    with Programs.separate(make_database()) as programs:
        set_clock(programs.fhir)
        yield programs


def demo(programs: Programs) -> str:
    """Play the demo as a person does, and give what it tells without its links."""
    command = [sys.executable, "-m", "services.cli", "demo", "--to", programs.fhir]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    return re.sub(r"http\S+/fhir/(\w+)/\S+", r"\1", ended.stdout)


# Two stories of twelve weeks.
@pytest.mark.timeout(2400)
def test_both_deployments_tell_the_same_story(whole: Programs, apart: Programs) -> None:
    told = demo(whole)
    assert [line[0] for line in told.splitlines() if line[:1].isdigit()] == list("12345678")
    assert told == demo(apart)


@pytest.fixture
def fresh(make_database: Callable[[], str]) -> Iterator[Programs]:
    with Programs.separate(make_database()) as programs:
        set_clock(programs.fhir)
        yield programs


@pytest.fixture(scope="module")
def quiet(make_database: Callable[[], str]) -> Iterator[Programs]:
    with Programs.separate(make_database()) as programs:
        set_clock(programs.fhir)
        yield programs


@pytest.fixture(scope="module")
async def undisturbed(quiet: Programs) -> Counter[tuple[str, ...]]:
    async with FhirClient(quiet.fhir, timeout=_PATIENCE) as client:
        person = await played(client, quiet.fhir, _FEW_WEEKS)
    return summed_up(record_of(quiet.fhir, person.id))


class Crashing(FhirClient):
    """A client before whose requests one of the programs crashes, and is started again."""

    def __init__(self, programs: Programs, victim: str) -> None:
        super().__init__(programs.fhir, timeout=_PATIENCE, attempts=12)
        self._programs = programs
        self._victim = victim
        self._sent = 0

    async def request(
        self,
        method: str,
        path: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> Answer:
        self._sent += 1
        if self._sent % _BETWEEN == 0:
            self._programs.kill(self._victim)
            self._programs.launch(self._victim)
        return await super().request(method, path, body, headers, repeatable=repeatable)


# Each crash costs a start: `make test` tries one service, the long form the others too.
_LONG = [pytest.param(each, marks=pytest.mark.long) for each in SERVICES[1:]]


@pytest.mark.parametrize("victim", [SERVICES[0], *_LONG])
async def test_crashes_on_the_way_change_nothing(
    fresh: Programs, undisturbed: Counter[tuple[str, ...]], victim: str
) -> None:
    async with Crashing(fresh, victim) as client:
        person = await played(client, fresh.fhir, _FEW_WEEKS)
    fresh.wait_until_ready(victim)
    assert summed_up(record_of(fresh.fhir, person.id)) == undisturbed
