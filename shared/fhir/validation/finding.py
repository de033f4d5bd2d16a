"""What a checker answers: None when the value is valid, otherwise its findings.

A checker knows no path. On the way up each parent puts its own step in front, so that locations
cost nothing while everything is valid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jiter import LosslessFloat

from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from shared.fhir.errors import Severity


class Finding:
    """One fault, at a path relative to the value that was checked."""

    __slots__ = ("code", "diagnostics", "path", "severity")

    def __init__(self, code: str, diagnostics: str, severity: Severity = "error") -> None:
        self.code = code
        self.diagnostics = diagnostics
        self.severity = severity
        self.path = ""

    def issue(self, root: str) -> Issue:
        """Make the issue, located from the root of what was validated."""
        return Issue(self.severity, self.code, self.diagnostics, root + self.path)


class NullFinding(Finding):
    """Nulls in a list of primitives, which are valid where the list's twin fills their place."""


class Run:
    """One validation: how many findings are enough, and what the rules of R4 look around for.

    `resource` is the one being checked; `root` is the same, or the one that contains it, and
    `mentioned` the contained ones that it refers to, as far as they were met.
    """

    __slots__ = ("limit", "mentioned", "resource", "root", "warnings")

    def __init__(self, limit: int, *, warnings: bool = False) -> None:
        self.limit = limit
        self.warnings = warnings
        self.resource: dict[str, Any] = {}
        self.root: dict[str, Any] = {}
        self.mentioned: set[str] | None = None


NUMBERS = {int, LosslessFloat, float}
_JSON_NAMES = {dict: "an object", list: "an array", bool: "a boolean", type(None): "null"}

Findings = list[Finding]
Checker = Callable[[Any, Run], Findings | None]


def fault(code: str, diagnostics: str) -> Findings:
    """Answer that the value has one fault."""
    return [Finding(code, diagnostics)]


def wrong_json_type(value: object, wanted: str) -> Findings:
    """Answer that the JSON value is not of the kind that belongs here."""
    found = _JSON_NAMES.get(type(value), "a number" if type(value) in NUMBERS else "a string")
    return fault("structure", f"This must be {wanted}, not {found}.")


def too_long(most: int) -> Findings:
    """Answer that a text is longer than may be."""
    return fault("too-long", f"This may not be longer than {most:,} characters.")


def within(step: str, findings: Findings) -> Findings:
    """Put a step (`.name`, `[0]`) in front of each path."""
    for finding in findings:
        finding.path = step + finding.path
    return findings


def joined(found: Findings | None, more: Findings) -> Findings:
    """Add findings to those found before, in place: a sum of lists would be quadratic."""
    if found is None:
        return more
    found.extend(more)
    return found


def accept(_value: object, _run: Run) -> None:
    """Check nothing: what stands here was looked at before, or has no rule."""
