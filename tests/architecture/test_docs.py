"""The papers keep up with the code: settings, commands of make, and links."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.tree import PRODUCTION, ROOT, modules, named, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTING = re.compile(r"\bSTEPDOWN_[A-Z][A-Z_]*[A-Z]\b")
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DOCS = "\n".join(path.read_text() for path in PAPERS if path.is_relative_to(ROOT / "docs"))
COMPOSE = (ROOT / "docker-compose.yml").read_text()
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def fields_of_settings(tree: ast.Module) -> Iterator[str]:
    """Name the variables that the pydantic-settings classes of a module read."""
    families = {"BaseSettings"}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and families & set(map(ast.unparse, node.bases)):
            families.add(node.name)
            fields = (field.target for field in node.body if isinstance(field, ast.AnnAssign))
            yield from (f"STEPDOWN_{ast.unparse(field).upper()}" for field in fields)


def settings_in_code() -> set[str]:
    found: set[str] = set()
    for path in modules(*PRODUCTION):
        found.update(SETTING.findall(path.read_text()), fields_of_settings(parsed(path)))
    return found


def test_every_setting_in_the_code_is_documented() -> None:
    missing = settings_in_code() - set(SETTING.findall(DOCS))

    assert not missing, "docs/deployment.md lists the settings"


def test_every_setting_documented_is_read_by_the_code_or_by_compose() -> None:
    demanded = set(re.findall(r"\$\{(\w+):\?", COMPOSE))

    assert set(SETTING.findall(DOCS)) - settings_in_code() - demanded == set()


def test_every_setting_in_compose_is_documented() -> None:
    assert set(SETTING.findall(COMPOSE)) <= set(SETTING.findall(DOCS))


@pytest.mark.parametrize("paper", PAPERS, ids=named)
def test_every_make_command_in_a_paper_exists(paper: Path) -> None:
    named_there = re.findall(r"(?:^|`)make ([a-z-]+)", paper.read_text(), re.MULTILINE)

    assert set(named_there) <= set(TARGETS)


@pytest.mark.parametrize("paper", PAPERS, ids=named)
def test_every_link_to_a_file_leads_somewhere(paper: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", paper.read_text()):
        assert "://" in link or (paper.parent / link).exists(), link


def test_every_make_target_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text()

    for target in TARGETS:
        assert re.search(rf"^{target}:.* ## \S", text, re.MULTILINE), target
