"""The benchmark: `python -m tests.bench`, or `make bench`; see docs/performance.md.

`--report` prints the figures of the last run as Markdown and runs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import platform
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.store.embedded import EmbeddedServer
from tests.bench import runs
from tests.bench.importing import imports
from tests.bench.population.building import build
from tests.bench.population.database import FOLDER, copy, drop, kept_name, make_empty, names
from tests.bench.population.templates import EXPORT
from tests.bench.programs import WORKERS, product
from tests.bench.report import Results
from tests.bench.runs import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.figures import Figure, Growth

WORKLOADS: Final = ("read", "crud", "import", "search", "growth", "write-path")
SIZES: Final = (10_000, 100_000, 1_000_000)
_SETTINGS: Final = ("server_version", "synchronous_commit", "fsync", "shared_buffers")
# Enough for what the goals speak of; the shapes are searched at every size above, too.
_USUAL: Final = 100_000


def main(arguments: Sequence[str] | None = None) -> Results:
    """Run what is asked for, show it, and keep it."""
    told = _told(arguments)
    console = Console(width=None if sys.stdout.isatty() else 200)
    if told.report:
        print((told.folder / "latest.md").read_text())
        return Results()
    if not any(EXPORT.glob("*.bz2")):
        sys.exit(f"There is nothing to measure with: the Synthea export is absent in {EXPORT}.")
    bench = Bench(told.folder, told.seconds, console)
    with bench.running():
        bench.run(told.workloads, told.resources)
    return bench.results


def _told(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--workloads", type=_workloads, default=WORKLOADS, help=",".join(WORKLOADS))
    parser.add_argument("--seconds", type=float, default=30.0, help="for each loop")
    parser.add_argument("--resources", type=int, default=1_000_000, help="in the largest record")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the database and figures")
    parser.add_argument("--report", action="store_true", help="print the last run as Markdown")
    return parser.parse_args(arguments)


def _workloads(text: str) -> tuple[str, ...]:
    asked = tuple(text.split(","))
    if unknown := [each for each in asked if each not in WORKLOADS]:
        raise argparse.ArgumentTypeError(
            f"there is no workload {unknown[0]}; there are {', '.join(WORKLOADS)}"
        )
    return asked


class Bench:
    """One run: the embedded PostgreSQL, the records in it, and what was found."""

    def __init__(self, folder: Path, seconds: float, console: Console) -> None:
        self._folder, self._seconds, self._console = folder, seconds, console
        self._url = ""
        self.results = Results()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the embedded PostgreSQL, and stop it at the end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        server = EmbeddedServer.start(self._folder, self._console.print)
        self._url = server.url
        try:
            yield
        finally:
            server.stop()

    def run(self, workloads: Sequence[str], resources: int) -> None:
        """Run the workloads, the smallest record first, and show what was found."""
        self.results.started = asyncio.run(_started(self._url, self._seconds))
        for line in self.results.started:
            self._console.print(line)
        if "write-path" in workloads:
            self._write_path()
        if "import" in workloads:
            self._import()
        for size, asked in _stages(workloads, resources):
            self._on_a_record(size, asked)
        self._show()

    def _write_path(self) -> None:
        try:
            module = importlib.import_module("tests.bench.write_path")
        except ModuleNotFoundError:
            self._console.print("write-path: there is no such workload yet")
            return
        self._console.print("write-path: each step of a write beside the parse of its bytes …")
        self.results.ratios = module.ratios()

    def _import(self) -> None:
        self._console.print("import: Synthea Bundles, 8 clients …")
        url = asyncio.run(make_empty(self._url, "run_import"))
        self._found(imports(url, self._seconds, self._folder))
        asyncio.run(drop(self._url, ["run_import"]))

    def _on_a_record(self, size: int, asked: Sequence[str]) -> None:
        self._make(size)
        self._console.print(f"Copying the record of {size:,} resources …")
        url = asyncio.run(copy(self._url, kept_name(size), "run_record"))
        stage = Stage(url, size, self._seconds, self._folder)
        with product(url) as program:
            for name in asked:
                self._console.print(f"{name} at {size:,} …")
                if name == "growth":
                    self._grown(runs.growth(stage, program))
                else:
                    self._found(getattr(runs, name)(stage, program))
        asyncio.run(drop(self._url, ["run_record"]))

    def _make(self, size: int) -> None:
        there = asyncio.run(names(self._url))
        if kept_name(size) in there:
            return
        # Those of another state of the code are of no use any more.
        old = [each for each in there if each.startswith(f"bench_{size}_")]
        asyncio.run(drop(self._url, old))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=self._console) as progress:
            task = progress.add_task(f"Making a record of {size:,}", total=size)

            def tell(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            asyncio.run(build(self._url, kept_name(size), size, tell))

    def _found(self, figure: Figure) -> None:
        self.results.figures.append(figure)
        found, top = figure.product, figure.ceiling
        beside = f", ceiling {top.rate:,.0f}/s" if top else ""
        self._console.print(
            f"  {found.rate:,.0f} {figure.unit}/s{beside}; p99 {found.latency.p99:,.1f} ms"
        )

    def _grown(self, found: dict[str, Growth]) -> None:
        for name, each in found.items():
            before = self.results.grown.get(name)
            each.at.update(before.at if before else {})
            self.results.grown[name] = each

    def _show(self) -> None:
        for table in self.results.tables():
            self._console.print(table.shown())
        now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        self.results.save(self._folder / f"{now}.json")
        (self._folder / "latest.md").write_text(self.results.markdown())
        self._console.print(f"Kept in {self._folder / f'{now}.json'} and latest.md beside it.")


def _stages(workloads: Sequence[str], resources: int) -> Iterator[tuple[int, list[str]]]:
    """Say what is measured on a record of each size; what writes comes last."""
    sizes = [size for size in SIZES if size < resources] + [resources]
    usual = max((size for size in sizes if size <= _USUAL), default=sizes[0])
    for size in sizes:
        wanted = ["growth"]
        wanted += ["search"] if size >= usual else []
        wanted += ["read", "crud"] if size == usual else []
        if asked := [name for name in wanted if name in workloads]:
            yield size, asked


async def _started(url: str, seconds: float) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        told = [f"{name} {await connection.fetchval(f'SHOW {name}')}" for name in _SETTINGS]
    finally:
        await connection.close()
    return [
        f"{os.cpu_count()} cores ({platform.machine()}) for product, database and load together",
        f"Python {platform.python_version()}, uvicorn with uvloop and httptools",
        f"`stepdown serve --open --workers {WORKERS}`: all services in each worker, audit on",
        f"the embedded PostgreSQL: {', '.join(told)}",
        f"{seconds:g} s for each loop, after a short one that does not count",
    ]


if __name__ == "__main__":
    main()
