"""The page of what a programme does names tests that exist, and each row once, in order."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[2]
_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
# A bar inside a cell is written with a backslash.
_BAR: Final = re.compile(r"(?<!\\)\|")
_ID: Final = re.compile(r"(SCH|TX|IND|EXC|CAP|ENV|PR)-[A-Z0-9-]+")


class Row(NamedTuple):
    """A row of one of the page's tables."""

    id: str
    what: str
    carried: str
    shown: str


def rows() -> list[Row]:
    lines = (ROOT / "docs" / "programme.md").read_text().splitlines()
    cells = ([cell.strip() for cell in _BAR.split(line)[1:-1]] for line in lines)
    return [Row(*each) for each in cells if each and _ID.fullmatch(each[0])]


def test_each_row_stands_once_and_in_order() -> None:
    ids = [row.id for row in rows()]
    assert len(set(ids)) == len(ids)
    for kind in ("SCH", "TX", "PR"):
        numbered = [each for each in ids if each.startswith(f"{kind}-")]
        assert numbered == sorted(numbered)


def test_no_row_is_missing() -> None:
    found = {row.id for row in rows()}
    numbered = {"SCH": 10, "TX": 20, "PR": 17}
    assert found >= {
        f"{kind}-{n:02d}" for kind, last in numbered.items() for n in range(1, last + 1)
    }
    assert Counter(each.partition("-")[0] for each in found) == {
        **numbered,
        "IND": 11,
        "EXC": 3,
        "CAP": 5,
        "ENV": 2,
    }


def test_each_row_says_what_carries_it() -> None:
    assert [row.id for row in rows() if not (row.what and row.carried)] == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_each_row_names_tests_that_exist(row: Row) -> None:
    named = _TEST.findall(row.shown)
    assert named
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text())
        found = {
            each.name
            for each in ast.walk(tree)
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in found, f"{path} has no {name}"
