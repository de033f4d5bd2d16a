"""The package that the image installs holds every module and every data file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.architecture.tree import PRODUCTION, ROOT

NEVER_PACKED = {"__pycache__"}


def test_a_built_package_holds_every_file_of_the_source(tmp_path: Path) -> None:
    source, built = tmp_path / "source", tmp_path / "built"
    source.mkdir()
    for folder in PRODUCTION:
        shutil.copytree(
            ROOT / folder, source / folder, ignore=shutil.ignore_patterns(*NEVER_PACKED)
        )
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    expected = {
        str(path.relative_to(source))
        for folder in PRODUCTION
        for path in (source / folder).rglob("*")
        if path.is_file()
    }

    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "-w", str(built), str(source)]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)

    (wheel,) = built.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert expected - packed == set()
    assert {Path(name).name for name in packed} >= {"LICENSE", "NOTICE", "entry_points.txt"}
