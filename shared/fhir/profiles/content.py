"""What a profile says about one value: its type, its content, its code, its rules.

https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.fhirpath import InvalidExpression, Node, holds
from shared.fhir.fhirpath.equality import compare, same_json
from shared.fhir.fhirpath.types import is_type
from shared.fhir.profiles.matching import fits, is_coded, target_type, type_of_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.errors import Severity
    from shared.fhir.profiles.check import Check
    from shared.fhir.profiles.rule import Constraint, Rule, TypeRule

# The types of `id` and `url` in a snapshot.
_SYSTEM: Final = "http://hl7.org/fhirpath/"


class Fault(NamedTuple):
    """What is wrong with a value."""

    severity: Severity
    code: str
    told: str


def faults(rule: Rule, node: Node, check: Check) -> Iterator[Fault]:
    """Find what a rule has against a value, its children aside."""
    yield from _type_faults(rule, node, check)
    if rule.fixed is not None and not same_json(node.value, rule.fixed):
        yield Fault("error", "value", "is not the value that is fixed here")
    if rule.pattern is not None and not fits(node.value, rule.pattern):
        yield Fault("error", "value", "does not have what the pattern here has")
    yield from _limit_faults(rule, node)
    yield from _binding_faults(rule, node, check)
    for constraint in rule.constraints:
        yield from _constraint_faults(constraint, node, check)


def _type_faults(rule: Rule, node: Node, check: Check) -> Iterator[Fault]:
    types = [each for each in rule.types if not each.code.startswith(_SYSTEM)]
    if not types:
        return
    fitting = [each for each in types if is_type(node, each.code)]
    if not fitting:
        names = ", ".join(sorted({each.code for each in types}))
        yield Fault("error", "value", f"must be of type {names}")
    elif type(node.value) is dict:
        yield from _target_faults(fitting, node, check)
        yield from _profile_faults(fitting, node, check)


def _target_faults(types: list[TypeRule], node: Node, check: Check) -> Iterator[Fault]:
    targets = [url for each in types for url in each.targets]
    if not targets or node.type != "Reference":
        return
    allowed = {type_of_profile(url, check.find_profile) for url in targets}
    target = target_type(node, check.contained)
    if target is not None and not allowed & {None, "Resource", target}:
        names = ", ".join(sorted(each for each in allowed if each))
        yield Fault("error", "value", f"must refer to {names}, not to {target}")
        return
    inside = check.contained(node)
    # Of what is elsewhere nobody knows here what it conforms to.
    if inside is not None and all(check.conforms(inside, url) is False for url in targets):
        yield Fault("error", "value", f"must refer to what conforms to {' or '.join(targets)}")


def _profile_faults(types: list[TypeRule], node: Node, check: Check) -> Iterator[Fault]:
    profiles = [url for each in types for url in each.profiles]
    judged = [check.conforms(node, url) for url in profiles]
    # One that nobody knows may be the one it conforms to.
    if judged and not any(each is not False for each in judged):
        yield Fault("error", "value", f"must conform to {' or '.join(profiles)}")


def _limit_faults(rule: Rule, node: Node) -> Iterator[Fault]:
    length = len(node.value) if type(node.value) is str else 0
    if rule.max_length is not None and length > rule.max_length:
        yield Fault("error", "too-long", f"may have at most {rule.max_length:,} characters")
    if rule.least is not None and _order(node, rule.least) < 0:
        yield Fault("error", "value", "is less than the least that is allowed")
    if rule.most is not None and _order(node, rule.most) > 0:
        yield Fault("error", "value", "is more than the most that is allowed")


def _order(node: Node, limit: tuple[str, object]) -> int:
    type_name, value = limit
    try:
        return compare(node, Node(value, type_name)) or 0
    except InvalidExpression:
        return 0


def _binding_faults(rule: Rule, node: Node, check: Check) -> Iterator[Fault]:
    if rule.binding is None or node.value is None:
        return
    if rule.binding[0] not in {"required", "extensible"}:
        return
    strength, url = rule.binding
    if strength == "extensible" and not is_coded(node.value):
        # Where no code says it, a text may.
        return
    if check.member_of(node, url) is False:
        severity: Severity = "error" if strength == "required" else "warning"
        yield Fault(severity, "code-invalid", f"must have a code of {url}")


def _constraint_faults(constraint: Constraint, node: Node, check: Check) -> Iterator[Fault]:
    kept = _kept(constraint, node, check)
    if kept is None:
        told = f"could not be held to: {constraint.human} ({constraint.key})"
        yield Fault("warning", "not-supported", told)
    elif not kept:
        told = f"must hold to: {constraint.human} ({constraint.key})"
        yield Fault(constraint.severity, "invariant", told)


def _kept(constraint: Constraint, node: Node, check: Check) -> bool | None:
    """Tell whether a value keeps a rule; None where nobody can tell."""
    if constraint.expression is None:
        return None
    try:
        return holds(constraint.expression, node, check.environment(node))
    except InvalidExpression:
        return None
