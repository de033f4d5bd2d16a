"""The benchmark runs, and the records that it makes are such as the services write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bench.__main__ import main
from tests.bench.population.building import build
from tests.bench.population.database import copy, drop, url_of
from tests.bench.shapes import SHAPES
from tests.record import counts, faults

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 600


async def test_a_record_made_in_bulk_is_what_the_services_would_have_written(
    postgres_url: str, shared_data: Path
) -> None:
    told: list[tuple[int, int]] = []

    await build(postgres_url, "bench_made", SIZE, lambda *each: told.append(each))

    made = url_of(postgres_url, "bench_made")
    there = await counts(made)
    assert await faults(made) == []
    assert told[-1] == (sum(there.values()),) * 2
    assert SIZE / 2 < sum(there.values()) < 2 * SIZE
    assert there["Patient"] > 6
    await drop(postgres_url, ["bench_made"])


async def test_a_copy_of_a_record_leaves_the_kept_one_alone(postgres_url: str) -> None:
    await drop(postgres_url, ["bench_kept"])
    await copy(postgres_url, "template1", "bench_kept")

    copied = await copy(postgres_url, "bench_kept", "run_copied")

    assert copied == url_of(postgres_url, "run_copied")
    await drop(postgres_url, ["bench_kept", "run_copied"])


@pytest.mark.long
def test_every_workload_runs_and_is_kept(
    tmp_path_factory: pytest.TempPathFactory, shared_data: Path
) -> None:
    folder = tmp_path_factory.getbasetemp() / "bench"
    workloads = "read,crud,import,search,growth"

    results = main(
        [
            "--folder",
            str(folder),
            "--resources",
            "300",
            "--seconds",
            "0.5",
            "--workloads",
            workloads,
        ]
    )

    (kept,) = folder.glob("*.json")
    assert {each["workload"] for each in json.loads(kept.read_text())["figures"]} == {
        "read",
        "crud",
        "import",
        "search",
    }
    for each in results.figures:
        assert each.product.rate > 0
        assert each.ceiling is not None
        assert each.ceiling.rate > 0
        assert each.product.latency.p50 <= each.product.latency.p99
    assert len(results.grown) == len(SHAPES)
    assert all(each.at or each.refusal for each in results.grown.values())
    assert "**Workloads**" in (folder / "latest.md").read_text()
