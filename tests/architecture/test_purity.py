"""Pure parts see only their arguments: no clock, no chance; and settings are read in one place."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.tree import PRODUCTION, PURE, modules, named, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = {"random", "secrets", "time"}
NAMES = {("os", "urandom"), ("asyncio", "sleep")} | {
    ("uuid", f"uuid{version}") for version in (1, 4, 6, 7)
}
CLOCKS = {(kind, name) for kind in ("datetime", "date") for name in ("now", "utcnow", "today")}
SETTING = re.compile(r"STEPDOWN_[A-Z_]*")


def mentioned(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Name all that a module imports (module, name) and reaches by a dot (last but one, last)."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name.split(".")[0], "") for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from ((module, alias.name) for alias in names)
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                yield owner, name


def impurities(tree: ast.AST) -> list[tuple[str, str]]:
    found = set(mentioned(tree))
    imported = {(module, name) for module, name in found if module in MODULES}
    return sorted(imported | found & (NAMES | CLOCKS))


def test_pure_parts_have_no_clock_and_no_randomness() -> None:
    assert modules(*PURE)
    found = {named(path): impurities(parsed(path)) for path in modules(*PURE)}

    assert {name: why for name, why in found.items() if why} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import monotonic",
        "import random as chance",
        "from secrets import token_hex",
        "from uuid import uuid4",
        "import uuid\nuuid.uuid7()",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import date\ndate.today()",
        "import os\nos.urandom(8)",
    ],
)
def test_a_clock_or_chance_is_found(source: str) -> None:
    assert impurities(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime, time\ndatetime.fromisoformat(text)",
        "from uuid import UUID\nUUID(text)",
        "context.now",
        "import hashlib",
    ],
)
def test_what_only_looks_like_a_clock_is_no_impurity(source: str) -> None:
    assert not impurities(ast.parse(source))


def reads_settings(tree: ast.AST) -> bool:
    """Tell whether a setting's bare name, or a class of settings, stands in a module."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return ("pydantic_settings", "BaseSettings") in mentioned(tree) or any(
        isinstance(text, str) and SETTING.fullmatch(text) for text in texts
    )


def test_settings_are_read_only_by_programs() -> None:
    places = ("services/cli/", "services/front_door.py", "shared/server/settings.py")
    for path in modules(*PRODUCTION):
        name = named(path)
        program = path.name in ("app.py", "settings.py") and name.startswith("services/")
        if not program and not name.startswith(places):
            assert not reads_settings(parsed(path)), name


def test_a_setting_is_found_where_it_is_read_and_not_where_it_is_told_of() -> None:
    assert reads_settings(ast.parse('os.environ["STEPDOWN_BASE_URL"]'))
    assert reads_settings(ast.parse("from pydantic_settings import BaseSettings"))
    assert not reads_settings(ast.parse('raise Refused("Set STEPDOWN_DATABASE_URL.")'))
