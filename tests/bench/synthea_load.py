"""Tells what loading the Synthea export costs, and on what: `python -m tests.bench.synthea_load`.

One intake_api in this process, its database beside it, one Bundle after the other: so the
processor time is that of the application alone. The shares are taken in a second run under the
profiler, which makes everything slower but leaves the shares roughly as they are.
"""

from __future__ import annotations

import asyncio
import bz2
import cProfile
import pstats
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr

from services.intake_api.definition import DEFINITION
from services.record import ownership
from shared.server.app import create_app
from shared.server.lifespan import running
from shared.server.settings import Settings
from shared.store.embedded import EmbeddedServer
from tests.conformance.test_synthea import BUNDLES

if TYPE_CHECKING:
    from collections.abc import Sequence

# Part of the program -> the paths that belong to it, the first that fits.
PARTS = {
    "reading JSON": ("jiter", "fhir/reader"),
    "validation": ("fhir/validation",),
    "search index": ("fhir/search", "hashlib", "fhir/dates"),
    "references": ("fhir/references", "fhir/elements"),
    "writing JSON": ("fhir/writer", "msgspec"),
    "store": ("shared/store",),
    "interactions": ("shared/server",),
    "database driver": ("asyncpg",),
    "HTTP": ("httpx", "starlette", "fastapi", "zlib", "gzip"),
    "waiting for PostgreSQL": ("select.epoll",),
}


async def load(url: str, bundles: Sequence[bytes], profile: cProfile.Profile | None) -> float:
    """Post every Bundle to a fresh program, and give the seconds that it took."""
    settings = Settings(database_url=SecretStr(url), open=True)
    app = create_app(DEFINITION, settings, ownership())
    transport = httpx.ASGITransport(app)
    headers = {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"}
    async with (
        running(app),
        httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=600) as client,
    ):
        begun = time.perf_counter()
        if profile:
            profile.enable()
        for bundle in bundles:
            answer = await client.post("/fhir", content=bundle, headers=headers)
            answer.raise_for_status()
        if profile:
            profile.disable()
        return time.perf_counter() - begun


def run(bundles: Sequence[bytes], profile: cProfile.Profile | None) -> tuple[float, float]:
    """Load into a new database; seconds of the clock and of the processor."""
    with tempfile.TemporaryDirectory(prefix="stepdown-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer.start(Path(folder), lambda _: None)
        try:
            begun = time.process_time()
            seconds = asyncio.run(load(server.url, bundles, profile))
            return seconds, time.process_time() - begun
        finally:
            server.stop()


def shares(profile: cProfile.Profile) -> Counter[str]:
    """Sum the time spent in each part; a built-in function counts for who calls it."""
    found: Counter[str] = Counter()
    for function, (_, _, own_seconds, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if function[0] == "~" and part_of(function) == "other":
            for caller, (_, _, seconds, _) in callers.items():
                found[part_of(caller)] += seconds
        else:
            found[part_of(function)] += own_seconds
    return found


def part_of(function: tuple[str, int, str]) -> str:
    """Name the part of the program that a function belongs to."""
    where = f"{function[0]} {function[2]}"
    return next((part for part, marks in PARTS.items() if any(m in where for m in marks)), "other")


def main() -> None:
    """Load twice and print."""
    bundles = [bz2.decompress(path.read_bytes()) for path in BUNDLES]
    resources = sum(bundle.count(b'"fullUrl"') for bundle in bundles)
    seconds, processor = run(bundles, None)
    print(f"{resources:,} resources in {seconds:.1f} s: {resources / seconds:,.0f} a second,")
    print(f"{resources / processor:,.0f} for each second of the application's processor time")
    profile = cProfile.Profile()
    run(bundles, profile)
    found = shares(profile)
    for part, spent in found.most_common():
        print(f"{part:<24}{spent / found.total():>6.0%}")


if __name__ == "__main__":
    main()
