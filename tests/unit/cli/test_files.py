"""Finding the files to load."""

from __future__ import annotations

import bz2
import gzip
from typing import TYPE_CHECKING

import pytest

from services.cli.console import Failure
from services.cli.loading import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_folder_is_searched_to_its_bottom_and_ordered_by_name(tmp_path: Path) -> None:
    for name in ("b.json", "deep/a.ndjson.gz", "deep/deeper/c.json.bz2", "d.txt", "e.json.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.name for path in files.find([tmp_path, tmp_path / "b.json"])]
    assert found == ["a.ndjson.gz", "b.json", "c.json.bz2"]


@pytest.mark.parametrize("name", ["notes.txt", "missing.json", "empty"])
def test_what_cannot_be_loaded_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(Failure):
        files.find([tmp_path / name])


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.json", bytes), ("a.json.gz", gzip.compress), ("a.json.bz2", bz2.compress)],
)
def test_plain_and_compressed_files_read_the_same(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / name).write_bytes(pack(b"{}\n"))
    with files.opened(tmp_path / name) as stream:
        assert stream.read() == b"{}\n"


@pytest.mark.parametrize("name", ["a.json.gz", "a.json.bz2"])
@pytest.mark.parametrize("kept", [5, -5])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, name: str, kept: int) -> None:
    pack = gzip.compress if name.endswith("gz") else bz2.compress
    (tmp_path / name).write_bytes(pack(b"{}\n" * 1000)[:kept])
    with (
        pytest.raises(Failure, match="cannot be read to its end"),
        files.opened(tmp_path / name) as f,
    ):
        f.read()
