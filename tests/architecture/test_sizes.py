"""Files and functions stay small enough to be read at once.

Ruff counts parameters and branches; what it does not count stands here.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.architecture.tree import PRODUCTION, Function, functions, modules, named

if TYPE_CHECKING:
    from pathlib import Path

FILE_LINES = 300
TEST_FILE_LINES = 400
FUNCTION_LINES = 50
NESTING = 3

# An `elif` is an `if` inside an `else`, but nobody reads it as nested.
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def too_long(paths: list[Path], limit: int) -> dict[str, int]:
    lengths = {named(path): len(path.read_text().splitlines()) for path in paths}
    return {name: lines for name, lines in lengths.items() if lines > limit}


def depth(node: ast.AST) -> int:
    """Count how deep blocks stand inside one another below a node."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, depth(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


def where(path: Path, function: Function) -> str:
    return f"{named(path)}:{function.lineno} {function.name}"


def test_no_file_is_longer_than_its_limit() -> None:
    assert too_long(modules(*PRODUCTION), FILE_LINES) == {}
    assert too_long(modules("tests"), TEST_FILE_LINES) == {}


def test_no_function_is_longer_than_its_limit() -> None:
    for path in modules(*PRODUCTION, "tests"):
        for function in functions(path):
            lines = (function.end_lineno or 0) - function.lineno + 1
            assert lines <= FUNCTION_LINES, where(path, function)


def test_no_function_nests_too_deep() -> None:
    for path in modules(*PRODUCTION):
        for function in functions(path):
            assert depth(function) <= NESTING, where(path, function)


def test_depth_counts_blocks_but_no_elif() -> None:
    tree = ast.parse("if a:\n  pass\nelif b:\n  for c in d:\n    with e:\n      f()\nelse:\n  g()")

    assert depth(tree) == 3
