"""Who may import whom: the contracts in pyproject.toml, and no cycles."""

from __future__ import annotations

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

from tests.architecture.tree import PRODUCTION, ROOT


def test_every_import_contract_is_kept() -> None:
    program = str(Path(sys.executable).with_name("lint-imports"))
    command = [sys.executable, program, "--no-cache", "--no-logo"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_no_module_imports_itself_by_way_of_others() -> None:
    # What is imported for type checking only is no cycle when the program runs.
    graph = grimp.build_graph(*PRODUCTION, exclude_type_checking_imports=True, cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}

    assert list(TopologicalSorter(imports).static_order())
