"""Finds each code of ours that the services write down or ask for, in their source."""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.care.canonical import CANONICAL
from tests.architecture.tree import ROOT, modules, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = f"{CANONICAL}/CodeSystem/"


@dataclass(frozen=True, slots=True)
class Use:
    """Where a code is used, of which system; None where it is chosen only as the program runs."""

    module: str
    system: str
    code: str | None


def all_uses() -> list[Use]:
    """List the uses of all services; the story of the demo is played elsewhere, and looked at."""
    paths = (path for path in modules("services", "shared/care") if "cli" not in path.parts)
    return [each for path in paths for each in _uses_of(path)]


def uses(tree: ast.AST, space: dict[str, Any], module: str) -> Iterator[Use]:
    """List the uses in a module: codings, calls with a system and a code, and search tokens."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from _tokens(_value(node, space), module)
            continue
        for system, code in _pairs(node):
            named = _value(system, space)
            if isinstance(named, str) and named.startswith(OURS):
                found = _value(code, space)
                if isinstance(found, str) and "://" in found:
                    continue  # Two systems, and no code.
                yield Use(module, named, found if isinstance(found, str) else None)


def _uses_of(path: Path) -> Iterator[Use]:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return uses(parsed(path), vars(importlib.import_module(name)), name)


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        named = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
        if "system" in named and "code" in named:
            yield named["system"], named["code"]
    if isinstance(node, ast.Call) and len(node.args) > 1:
        yield node.args[0], node.args[1]
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        yield node.elts[0], node.elts[1]


def _tokens(text: object, module: str) -> Iterator[Use]:
    """Read what a search asks for; a system alone asks for any of its codes."""
    for token in text.split(",") if isinstance(text, str) else ():
        system, _, code = token.partition("|")
        if system.startswith(OURS) and code:
            yield Use(module, system, code)


def _value(node: ast.expr, space: dict[str, Any]) -> object:
    """Say what a name, or something made of names only, is in its module; None of anything else."""
    if not all(_is_plain(each) for each in ast.walk(node)):
        return None
    try:
        return eval(compile(ast.Expression(node), "a module", "eval"), dict(space))
    except (NameError, KeyError, AttributeError, TypeError):
        return None


def _is_plain(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "code_system"
    return isinstance(node, _PLAIN)


_PLAIN = (
    *(ast.Name, ast.Constant, ast.Attribute, ast.Subscript),
    *(ast.JoinedStr, ast.FormattedValue, ast.Load),
)
