"""Checks a resource against the tree of a profile, and tells each fault at its place.

The resource is valid by R4 already: only what the profile adds is looked at.

https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import Issue
from shared.fhir.fhirpath import Environment, Node, Steps
from shared.fhir.fhirpath.navigation import children_named
from shared.fhir.profiles.content import faults
from shared.fhir.profiles.matching import in_value_set, type_of_profile
from shared.fhir.profiles.slicing import belongs
from shared.fhir.profiles.tree import tree_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.fhir.errors import Severity
    from shared.fhir.fhirpath.environment import Judge, Resolve
    from shared.fhir.profiles.rule import Rule, Slicing
    from shared.fhir.profiles.tree import FindProfile
    from shared.fhir.reader import JsonObject

_DEEPEST: Final = 6
# What a profile may be about that is about any type.
_ANY: Final = ("DomainResource", "Resource")
# For all rules of all profiles of one resource.
_STEPS: Final = 1_000_000


def _nowhere(_text: str) -> None:
    return None


@dataclass(slots=True)
class Check:
    """One check of a resource, and of what is in it, against profiles.

    What cannot be known (a value set, a profile, a resource elsewhere) is no fault.
    """

    root: Node
    find_profile: FindProfile
    member_of: Judge = in_value_set
    resolve: Resolve = _nowhere
    limit: int = 100
    now: datetime | None = None
    steps: Steps = field(default_factory=lambda: Steps(_STEPS))
    depth: int = 0
    judged: dict[tuple[str, str], bool | None] = field(default_factory=dict)
    inside: dict[str, Node] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    _profile: str = ""

    def whole(self, definition: JsonObject, node: Node) -> None:
        """Check a resource against a profile, which must be one of its type."""
        about = definition.get("type")
        if about in {node.type, *_ANY}:
            self.profile(definition, node)
        else:
            told = f"The profile {definition.get('url')} is about {about}."
            self.issues.append(Issue("error", "value", told, node.location))

    def profile(self, definition: JsonObject, node: Node) -> None:
        """Check a node against a profile."""
        before, self._profile = self._profile, definition.get("url", "")
        tree = tree_of(definition, self.find_profile)
        for url in tree.missing:
            self._tell("warning", "not-found", node.location, f"builds on {url}, which is unknown")
        self._value(tree.root, node)
        self._profile = before

    def conforms(self, node: Node, url: str) -> bool | None:
        """Tell whether a node conforms to a profile; None where it is not known."""
        definition = self.find_profile(url)
        if definition is None or self.depth >= _DEEPEST:
            return None
        if type_of_profile(url, self.find_profile) not in {node.type, *_ANY}:
            return False
        asked = node.location, url
        if asked not in self.judged:
            # Contained resources may refer to each other in a circle: meanwhile it is not known.
            self.judged[asked] = None
            inner = replace(self, depth=self.depth + 1, issues=[])
            inner.profile(definition, node)
            self.judged[asked] = all(issue.severity == "warning" for issue in inner.issues)
        return self.judged[asked]

    def contained(self, reference: Node) -> Node | None:
        """Find the contained resource that a reference points to."""
        if not self.inside:
            found = children_named(self.root, "contained")
            self.inside |= {f"#{each.value.get('id')}": each for each in found}
        return self.inside.get(reference.value.get("reference"))

    def environment(self, node: Node) -> Environment:
        """Make the world of an expression that is about a node."""
        resource = node
        while resource.parent is not None and resource.type not in TYPE_CODE:
            resource = resource.parent
        return Environment(
            resource,
            self.root,
            node,
            resolve=self.resolve,
            member_of=self.member_of,
            conforms_to=self.conforms,
            now=self.now,
            steps=self.steps,
        )

    def _value(self, rule: Rule, node: Node) -> None:
        if self._is_full("error"):
            return
        for severity, code, told in faults(rule, node, self):
            self._tell(severity, code, node.location, told)
        for child in rule.children.values():
            self._element(child, node)

    def _element(self, rule: Rule, parent: Node) -> None:
        found = list(children_named(parent, rule.name))
        self._count(rule, len(found), parent, f"'{rule.name}'")
        for node in found:
            self._value(rule, node)
        if rule.slices:
            self._slices(rule, found, parent)

    def _slices(self, rule: Rule, found: Sequence[Node], parent: Node) -> None:
        slicing = rule.slicing
        # By a description only, nobody can tell.
        if slicing is None or not slicing.discriminators:
            return
        names = [self._slice_of(node, rule, slicing) for node in found]
        self._judge_others(slicing, names, found)
        if slicing.ordered:
            self._judge_order(list(rule.slices), names, found)
        for name, inner in rule.slices.items():
            members = [node for node, of in zip(found, names, strict=True) if of == name]
            self._count(inner, len(members), parent, f"'{rule.name}' of the slice '{name}'")
            for node in members:
                self._value(inner, node)
            if inner.slices:
                self._slices(inner, members, parent)

    def _slice_of(self, node: Node, rule: Rule, slicing: Slicing) -> str | None:
        for name, inner in rule.slices.items():
            if all(belongs(node, inner, each, self) for each in slicing.discriminators):
                return name
        return None

    def _judge_others(
        self, slicing: Slicing, names: Sequence[str | None], found: Sequence[Node]
    ) -> None:
        known = [place for place, name in enumerate(names) if name is not None]
        for place, node in enumerate(found):
            if names[place] is not None:
                continue
            if slicing.rules == "closed":
                self._tell("error", "structure", node.location, "is of no slice that is allowed")
            elif slicing.rules == "openAtEnd" and known and place < known[-1]:
                self._tell("error", "structure", node.location, "must stand after all slices")

    def _judge_order(
        self, order: list[str], names: Sequence[str | None], found: Sequence[Node]
    ) -> None:
        reached = 0
        for node, name in zip(found, names, strict=True):
            place = reached if name is None else order.index(name)
            if place < reached:
                self._tell("error", "structure", node.location, "is not in the order of slices")
            reached = max(reached, place)

    def _count(self, rule: Rule, number: int, parent: Node, what: str) -> None:
        if number < rule.min:
            self._tell("error", "required", parent.location, f"requires {rule.min} {what}")
        if rule.max is not None and number > rule.max:
            place = f"{parent.location}.{rule.name}"
            most = f"allows at most {rule.max} {what}" if rule.max else f"allows no {what}"
            self._tell("error", "structure", place, most)

    def _tell(self, severity: Severity, code: str, place: str, told: str) -> None:
        if not self._is_full(severity):
            text = f"By the profile {self._profile} this {told}."
            self.issues.append(Issue(severity, code, text, place))

    def _is_full(self, severity: Severity) -> bool:
        # Warnings are counted by themselves, so that they hide no fault.
        is_fault = severity == "error"
        told = sum((issue.severity == "error") is is_fault for issue in self.issues)
        return told >= self.limit
