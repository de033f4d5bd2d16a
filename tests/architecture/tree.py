"""The source tree as the architecture tests see it: its modules, and the files that are tracked."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCTION = ("shared", "services")
PURE = (
    "shared/fhir",
    "shared/care",
    "shared/access",
    "services/intake_api/domain",
    "services/plan_api/domain",
    "services/progress_api/domain",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(*folders: str) -> list[Path]:
    """List the Python files below some folders that are not empty."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if path.stat().st_size)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(parsed(path)) if isinstance(node, Function)]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tracked() -> list[Path]:
    """List the files that git tracks; outside a checkout, none."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]
