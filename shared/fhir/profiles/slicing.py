"""To which slice of an element a value belongs.

https://hl7.org/fhir/R4/profiling.html#slicing
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.fhir.fhirpath import InvalidExpression, evaluate
from shared.fhir.fhirpath.types import is_type
from shared.fhir.profiles.matching import fits, target_type, type_of_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.fhirpath import Node
    from shared.fhir.profiles.check import Check
    from shared.fhir.profiles.rule import Discriminator, Rule

_Asked = tuple[str, "Rule"]
_STEP: Final = re.compile(r"(?P<call>\w+)\((?P<argument>[^()]*)\)|(?P<name>[$\w]+)")


def belongs(node: Node, rule: Rule, discriminator: Discriminator, check: Check) -> bool:
    """Tell whether a value has what a discriminator asks of those of a slice."""
    if discriminator.path.endswith("resolve()"):
        return _points_to(node, rule, discriminator, check)
    judge = {"exists": _exists, "type": _is_typed, "profile": _conforms}.get(
        discriminator.type, _has_values
    )
    try:
        return judge(node, rule, discriminator.path, check)
    except InvalidExpression:
        return False


def _at(node: Node, path: str, check: Check) -> list[Node]:
    return [node] if path == "$this" else evaluate(path, node, check.environment(node))


def _exists(node: Node, rule: Rule, path: str, check: Check) -> bool:
    inner = _rule_at(rule, path)
    if inner is None:
        return True
    there = bool(_at(node, path, check))
    if inner.max == 0:
        return not there
    return there or inner.min == 0


def _is_typed(node: Node, rule: Rule, path: str, check: Check) -> bool:
    inner = _rule_at(rule, path)
    codes = [each.code for each in inner.types] if inner else []
    return any(is_type(found, code) for found in _at(node, path, check) for code in codes)


def _conforms(node: Node, rule: Rule, path: str, check: Check) -> bool:
    inner = _rule_at(rule, path)
    profiles = [url for each in inner.types for url in each.profiles] if inner else []
    found = _at(node, path, check)
    return any(check.conforms(each, url) is True for each in found for url in profiles)


def _points_to(node: Node, rule: Rule, discriminator: Discriminator, check: Check) -> bool:
    path = discriminator.path.removesuffix("resolve()").removesuffix(".") or "$this"
    inner = _rule_at(rule, path)
    targets = [url for each in inner.types for url in each.targets] if inner else []
    wanted = {type_of_profile(url, check.find_profile) for url in targets}
    references = [each for each in _at(node, path, check) if _is_reference(each)]
    found = {target_type(each, check.contained) for each in references}
    return bool((found & wanted) - {None})


def _is_reference(node: Node) -> bool:
    return node.type == "Reference" and type(node.value) is dict


def _has_values(node: Node, rule: Rule, path: str, check: Check) -> bool:
    """Tell whether the value at a path is the one that the slice fixes there, or above."""
    asked = list(_expected(rule, _steps(path)))
    if not asked:
        return _has_url(node, rule, path)
    return all(
        any(_fits(found, inner, check) for found in _at(node, at, check)) for at, inner in asked
    )


def _has_url(node: Node, rule: Rule, path: str) -> bool:
    # An extension's slice is told by the profile of its type.
    urls = {url.partition("|")[0] for each in rule.types for url in each.profiles}
    return path == "url" and type(node.value) is dict and node.value.get("url") in urls


def _fits(node: Node, rule: Rule, check: Check) -> bool:
    if rule.fixed is not None or rule.pattern is not None:
        return fits(node.value, rule.pattern if rule.fixed is None else rule.fixed)
    return rule.binding is not None and check.member_of(node, rule.binding[1]) is True


def _expected(rule: Rule, steps: list[str], at: tuple[str, ...] = ()) -> Iterator[_Asked]:
    """Find what a slice fixes on the way to a path, and below it, each with its own path."""
    if _decides(rule):
        yield ".".join(at) or "$this", rule
    # What a slice within must have, the value must have too.
    for inner in rule.slices.values():
        yield from _expected(inner, steps, at) if inner.min else ()
    if not steps:
        for name, child in rule.children.items():
            yield from _expected(child, [], (*at, name)) if child.max != 0 else ()
    elif (child_there := _child(rule, steps[0])) is not None:
        yield from _expected(child_there, steps[1:], (*at, steps[0]))


def _decides(rule: Rule) -> bool:
    required = rule.binding is not None and rule.binding[0] == "required"
    return rule.fixed is not None or rule.pattern is not None or required


def _rule_at(rule: Rule, path: str) -> Rule | None:
    inner = rule
    for step in _steps(path):
        below = _child(inner, step)
        if below is None:
            return None
        inner = below
    return inner


def _steps(path: str) -> list[str]:
    return [each.group() for each in _STEP.finditer(path) if each.group() != "$this"]


def _child(rule: Rule, step: str) -> Rule | None:
    call = _STEP.fullmatch(step)
    if call is None or call["name"]:
        return rule.children.get(step)
    if call["call"] == "ofType":
        return rule
    if call["call"] == "extension" and "extension" in rule.children:
        url = call["argument"].strip("'")
        slices = rule.children["extension"].slices.values()
        return next((each for each in slices if _is_of_url(each, url)), None)
    return None


def _is_of_url(rule: Rule, url: str) -> bool:
    fixed = rule.children["url"].fixed if "url" in rule.children else None
    return fixed == url or any(url in each.profiles for each in rule.types)
