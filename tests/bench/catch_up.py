"""Tells how soon the feed's consumers have passed a large load: `python -m tests.bench.catch_up`.

The all-in-one program with two workers takes the Synthea export from `stepdown load`; its services
read the feed meanwhile, and what they have left to read at the end is what is timed.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from shared.store.embedded import EmbeddedServer
from tests.conformance.test_synthea import SYNTHEA
from tests.programs import SERVICES, Programs
from tests.record import owner

LEFT = " UNION ALL ".join(
    f"""
    SELECT '{name}', count(*) FROM record.feed f, {name}.cursor c
    WHERE f.tenant = c.tenant AND (f.xid, f.position) > (c.xid, c.position)
    """
    for name in SERVICES
)


async def catch_up(url: str) -> dict[str, tuple[int, float]]:
    """Give how many events each service had left, and after how many seconds it had none."""
    begun = time.perf_counter()
    first: dict[str, int] = {}
    done: dict[str, float] = {}
    async with owner(url) as connection:
        while len(done) < len(SERVICES):
            for name, left in await connection.fetch(LEFT):
                first.setdefault(name, left)
                if left == 0:
                    done.setdefault(name, time.perf_counter() - begun)
            await asyncio.sleep(0.1)
    return {name: (first[name], done[name]) for name in SERVICES}


def main() -> None:
    """Load once and print."""
    with tempfile.TemporaryDirectory(prefix="stepdown-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer.start(Path(folder), lambda _: None)
        try:
            with Programs.all_in_one(server.url, workers=2) as programs:
                command = [sys.executable, "-m", "services.cli", "load", str(SYNTHEA)]
                told = subprocess.check_output([*command, "--to", programs.fhir], text=True)
                found = asyncio.run(catch_up(server.url))
        finally:
            server.stop()
    print(*re.findall(r".* resources in .*", told))
    for name, (left, seconds) in found.items():
        print(f"{name}_api had {left:,} events left and none after {seconds:.1f} s")


if __name__ == "__main__":
    main()
