"""Shows figures as tables on the terminal and as Markdown, and keeps them as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.table import Table as Shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.bench.figures import Figure, Growth, Latency, Measure

_LATENCY: Final = ("p50 ms", "p95", "p99")
_HEAD: Final = (
    *("workload", "resources", "program", "rate/s", "of ceiling", *_LATENCY, "at/s"),
    *("MB/worker", "load %", "workers %", "PostgreSQL %", "refused"),
)


class Table(NamedTuple):
    """A table before it is shown."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def shown(self) -> Shown:
        """Make it for the terminal."""
        shown = Shown(title=self.title, title_justify="left")
        for at, name in enumerate(self.head):
            shown.add_column(name, justify="left" if at < 1 else "right")
        for row in self.rows:
            shown.add_row(*row)
        return shown

    def markdown(self) -> str:
        """Write it as Markdown."""
        lines = [self.head, ["---"] + ["--:"] * (len(self.head) - 1), *self.rows]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"**{self.title}**\n\n{body}\n"


@dataclass
class Results:
    """Everything that a run found, and what was started for it."""

    started: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    grown: dict[str, Growth] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Keep it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, default=str) + "\n")

    def markdown(self) -> str:
        """Write it as Markdown, for docs/performance.md."""
        started = "".join(f"- {line}\n" for line in self.started)
        return "\n".join([started, *(table.markdown() for table in self.tables())])

    def tables(self) -> Iterator[Table]:
        """Yield the tables, of what was run."""
        if self.figures:
            yield Table("Workloads", _HEAD, [row for each in self.figures for row in _rows(each)])
            yield Table("Goals", ("workload", "resources", "goal", "found", "met"), self._goals())
        for each in self.figures:
            if len(each.product.parts) > 1:
                yield _parts(each)
        if self.grown:
            yield _growth(self.grown)
        if self.ratios:
            rows = [(name, f"{found:.2f}") for name, found in self.ratios.items()]
            yield Table("Write path", ("step", "times the parse"), rows)

    def _goals(self) -> list[tuple[str, ...]]:
        return [
            (each.workload, f"{each.size:,}", goal.wanted, goal.found, "yes" if goal.met else "no")
            for each in self.figures
            for goal in each.goals
        ]


def _rows(figure: Figure) -> Iterator[tuple[str, ...]]:
    found, top = figure.product, figure.ceiling
    share = f"{found.rate / top.rate:.0%}" if top and top.rate else ""
    yield (figure.workload, f"{figure.size:,}", *_measured("product", found, share))
    if top is not None:
        yield (figure.workload, f"{figure.size:,}", *_measured("ceiling", top, ""))


def _measured(program: str, found: Measure, share: str) -> tuple[str, ...]:
    used = found.usage
    shares = (f"{each:.0%}" for each in (used.generator, used.workers, used.postgres))
    return (
        program,
        f"{found.rate:,.0f}",
        share,
        *_latency(found.latency),
        f"{found.at_rate:,.0f}",
        f"{used.worker_mb:,.0f}",
        *shares,
        f"{sum(found.refused.values()):,}",
    )


def _latency(found: Latency) -> tuple[str, str, str]:
    return f"{found.p50:,.1f}", f"{found.p95:,.1f}", f"{found.p99:,.1f}"


def _parts(figure: Figure) -> Table:
    rows = [
        (name, *_latency(part), f"{part.count:,}") for name, part in figure.product.parts.items()
    ]
    rows += [(note, "", "", "", "") for note in figure.notes]
    title = f"{figure.workload} at {figure.size:,}, by what was asked"
    return Table(title, ("asked", *_LATENCY, "answers"), rows)


def _growth(grown: dict[str, Growth]) -> Table:
    sizes = sorted({size for each in grown.values() for size in each.at})
    head = ("shape", *(f"{size:,}: p50/p95/p99 ms" for size in sizes), "p50 per step", "met")
    return Table("Growth", head, [_grown(each, sizes) for each in grown.values()])


def _grown(each: Growth, sizes: list[int]) -> tuple[str, ...]:
    if not each.at:
        return (each.shape, *[""] * len(sizes), f"not served: {each.refusal}", "")
    at = ("/".join(_latency(each.at[size])) if size in each.at else "" for size in sizes)
    factors = ", ".join(f"{factor:.1f}" for factor in each.factors)
    return (each.shape, *at, factors, "yes" if each.is_flat else "no")
