"""Loading real data: all of it is stored once, all of it is linked, and nothing reacts to it."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from shared.fhir.definitions import TYPE_NAME
from shared.fhir.reader import read
from shared.fhir.references import Links, parse_reference
from tests.programs import SERVICES
from tests.record import counts, faults, owner, settled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.programs import Programs

CURRENT = """
SELECT r.type, r.id, v.body FROM record.resource r JOIN record.version v USING (tenant, pk, version)
WHERE NOT r.deleted
"""
# Besides what each service publishes of itself at its start.
STARTED = " + ".join(
    f"(SELECT count(*) FROM {name}.{table} WHERE {which})"
    for name in SERVICES
    for table, which in {
        "outbound": "stream <> 'library'",
        "timer": "true",
        "inbox": "true",
    }.items()
)
# What the reactions make.
EFFECTS = ("CarePlan", "Flag", "Task", "Provenance")
LINKED = {"local", "contained"}


def load(programs: Programs, *paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.cli", "load", *map(str, paths)]
    return subprocess.run(
        [*command, "--to", programs.fhir],
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def content_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(bz2.decompress(path.read_bytes()))
    return content


@dataclass(frozen=True)
class Loaded:
    """What the files held, what the command told, and what was stored then."""

    files: list[Path]
    told: subprocess.CompletedProcess[str]
    stored: dict[str, int]

    @cached_property
    def held(self) -> dict[str, int]:
        entries = [entry for path in self.files for entry in content_of(path)["entry"]]
        return dict(Counter(entry["resource"]["resourceType"] for entry in entries))


@pytest.fixture(scope="module")
async def loaded(shared_data: Path, all_in_one: Programs, database_url: str) -> Loaded:
    """Load all of the real data once, into what no other test has written to yet."""
    folder = shared_data / "synthea"
    # What the services publish about themselves comes first.
    all_in_one.settle()
    before = Counter(await counts(database_url))
    told = load(all_in_one, folder)
    stored = Counter(await counts(database_url)) - before
    return Loaded(sorted(folder.glob("*.json.bz2")), told, dict(stored))


def test_every_entry_is_stored(loaded: Loaded) -> None:
    assert loaded.told.returncode == 0, loaded.told.stderr
    assert f"{sum(loaded.held.values()):,} resources in" in loaded.told.stdout
    assert loaded.stored == loaded.held


async def test_every_reference_is_resolved(
    loaded: Loaded, all_in_one: Programs, database_url: str
) -> None:
    bases = (all_in_one.fhir, *map(all_in_one.base, SERVICES))
    async with owner(database_url) as connection:
        stored = {
            (TYPE_NAME[row[0]], row[1]): row[2].encode() for row in await connection.fetch(CURRENT)
        }
    links = [
        parse_reference(text, bases)
        for body in stored.values()
        for text in Links(read(body)).references()
    ]
    assert len(links) > len(stored)
    assert {link.kind for link in links} <= LINKED
    dangling = [
        link for link in links if link.kind == "local" and (link.type, link.id) not in stored
    ]
    assert dangling == []


async def test_history_starts_nothing(loaded: Loaded, database_url: str) -> None:
    await settled(database_url)

    assert await counts(database_url, *EFFECTS) == {
        name: loaded.held.get(name, 0) for name in EFFECTS
    }
    async with owner(database_url) as connection:
        assert await connection.fetchval(f"SELECT {STARTED}") == 0


async def test_the_record_holds_together_after_a_load(
    loaded: Loaded, all_in_one: Programs, database_url: str
) -> None:
    bases = (all_in_one.fhir, *map(all_in_one.base, SERVICES))
    assert await faults(database_url, bases=bases) == []


async def test_what_is_shared_is_stored_once_however_often_it_is_loaded(
    loaded: Loaded, all_in_one: Programs, database_url: str
) -> None:
    shared = [path for path in loaded.files if path.name.startswith("0-")]
    assert len(shared) == 2

    again = load(all_in_one, *shared)

    assert again.returncode == 0, again.stderr
    names = ("Organization", "Practitioner", "Location")
    assert await counts(database_url, *names) == {name: loaded.held[name] for name in names}


def test_what_is_refused_is_told_with_its_reason(all_in_one: Programs, tmp_path: Path) -> None:
    good = {"resourceType": "Basic", "id": "good", "code": {"text": "kept"}}
    bad = {"resourceType": "Basic", "id": "bad", "code": "unclear"}
    lines = tmp_path / "some.ndjson"
    lines.write_text(f"{json.dumps(good)}\n{json.dumps(bad)}\n")

    told = load(all_in_one, lines)

    assert told.returncode == 1
    assert "some.ndjson, line 2: 4" in told.stderr
    assert "Traceback" not in told.stderr
    assert "2 resources in" in told.stdout
    # The good one was stored all the same.
    assert load(all_in_one, lines).stdout.count("already there") == 1


@pytest.mark.parametrize("ending", ["ndjson", "ndjson.gz"])
async def test_lines_are_loaded_in_any_order_compressed_or_not(
    all_in_one: Programs, database_url: str, tmp_path: Path, ending: str
) -> None:
    name = ending.replace(".", "-")
    lines = [
        {"resourceType": "Basic", "id": f"{name}-{n}", "code": {"text": "a note"}}
        | {"subject": {"reference": f"Patient/{name}"}}
        for n in range(3)
    ]
    text = "\n".join(map(json.dumps, [*lines, {"resourceType": "Patient", "id": name}])).encode()
    path = tmp_path / f"notes.{ending}"
    path.write_bytes(gzip.compress(text) if ending.endswith(".gz") else text)
    before = await counts(database_url, "Basic", "Patient")

    told = [load(all_in_one, path) for _ in range(2)]

    assert [each.returncode for each in told] == [0, 0], told[0].stderr
    after = await counts(database_url, "Basic", "Patient")
    assert after == {"Basic": before["Basic"] + 3, "Patient": before["Patient"] + 1}
