"""The log: a clock as of any instant, and a record that is verified while it is served."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.hospital import Hospital
from tests.record import owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notices import Resource
    from tests.programs import Programs

TAMPER = """
UPDATE record.version SET body = replace(body, '"requested"', '"cancelled"')
WHERE id = $1 AND version = 1
"""


@pytest.fixture
def hospital(all_in_one: Programs) -> Iterator[Hospital]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as http:
        yield Hospital(http)


def verify(programs: Programs, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command beside the server."""
    command = [sys.executable, "-m", "services.cli", "verify", *arguments]
    environment = programs.environment() | {"COLUMNS": "200"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def at(hospital: Hospital, clock: Resource, instant: datetime) -> Resource | None:
    """Give a clock's state as of an instant; None where it was not there yet."""
    asked = instant.isoformat(timespec="milliseconds")
    answer = hospital.http.get(f"Task/{clock['id']}/_history", params={"_at": asked})
    assert answer.is_success, answer.text
    states: list[Resource] = [entry["resource"] for entry in answer.json().get("entry", [])]
    assert len(states) <= 1
    return states[0] if states else None


def told(clock: Resource | None) -> tuple[str, str | None] | None:
    if clock is None:
        return None
    return clock["status"], clock.get("businessStatus", {}).get("text")


def updated(resource: Resource) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


def test_the_state_of_a_clock_can_be_had_as_of_any_instant(hospital: Hospital) -> None:
    begun = hospital.now()
    hospital.pass_time()
    hospital.send(hospital.discharged())
    [opened] = hospital.tasks("follow-up-7d")
    hospital.pass_time(timedelta(days=10))
    overdue = hospital.read(opened)
    hospital.visit(begun + timedelta(days=2))
    hospital.pass_time()
    satisfied = hospital.read(opened)

    step = timedelta(milliseconds=1)
    states = {
        begun: None,
        updated(opened) - step: None,
        updated(opened): ("requested", None),
        updated(opened) + timedelta(days=1): ("requested", None),
        updated(overdue): ("requested", "overdue"),
        updated(satisfied) - step: ("requested", "overdue"),
        updated(satisfied): ("completed", None),
        updated(satisfied) + timedelta(days=400): ("completed", None),
    }
    assert {instant: told(at(hospital, opened, instant)) for instant in states} == states
    # Whole states, not fragments: the very versions that were read then.
    assert at(hospital, opened, updated(overdue)) == overdue


async def test_a_record_is_verified_while_it_is_served(
    all_in_one: Programs, hospital: Hospital
) -> None:
    hospital.send(hospital.discharged())
    [clock] = hospital.tasks("follow-up-7d")
    hospital.pass_time(timedelta(days=10))

    done = verify(all_in_one)
    assert done.returncode == 0, done.stderr
    assert "hold." in done.stdout
    head = done.stdout.split("Head: ")[1].strip()
    hospital.pass_time(timedelta(days=20))
    assert verify(all_in_one, "--head", head).returncode == 0

    async with owner(all_in_one.database_url) as connection:
        await connection.execute(TAMPER, clock["id"])
    done = verify(all_in_one, "--head", head)
    assert (done.returncode, done.stdout) == (1, f"Task/{clock['id']} version 1 was altered.\n")


def test_a_head_that_was_never_printed_is_refused(all_in_one: Programs) -> None:
    done = verify(all_in_one, "--head", "yesterday's")
    assert done.returncode == 1
    assert "must be a head" in done.stderr
    of_another = "1-" + "0" * 64
    done = verify(all_in_one, "--head", of_another)
    assert done.returncode == 1
    assert "does not go on from that head" in done.stdout
