"""The import: the Synthea export's transaction Bundles, posted by 8 clients again and again."""

from __future__ import annotations

import asyncio
import bz2
import json
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx

from tests.bench import workloads
from tests.bench.ceiling import Job
from tests.bench.figures import Figure
from tests.bench.measuring import Effort, measure
from tests.bench.population.templates import nobodys_files, people_files, whole_people
from tests.bench.programs import ceiling, product
from tests.bench.recording import recorded
from tests.bench.runs import at_least, slim

if TYPE_CHECKING:
    from pathlib import Path

_CLIENTS: Final = 8


def imports(url: str, seconds: float, folder: Path) -> Figure:
    """Post to a record that has only the organizations and practitioners."""
    bundles = [_bundle(path) for path in people_files()]
    effort = Effort(_CLIENTS, seconds)
    with product(url) as program:
        _prepare(f"http://127.0.0.1:{program.port}/fhir")
        found = measure(program, effort, partial(workloads.importing, bundles))
    batches = [[text.json.encode() for text in person] for person in whole_people()]
    calls = asyncio.run(recorded(url, batches, cycle=False))
    sizes = [len(batch) for batch in batches]
    with ceiling(Job(url, writes=calls), folder) as bare:
        top = measure(bare, effort, partial(workloads.importing_bare, sizes))
    return Figure("import", 0, "resources", found, top, [at_least(2500, found), slim(found)])


def _bundle(path: Path) -> tuple[bytes, int]:
    body = bz2.decompress(path.read_bytes())
    return body, len(json.loads(body)["entry"])


def _prepare(base: str) -> None:
    headers = {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"}
    for path in nobodys_files():
        body, _ = _bundle(path)
        answer = httpx.post(base, content=body, headers=headers, timeout=120, trust_env=False)
        answer.raise_for_status()
