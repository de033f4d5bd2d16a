"""What a FHIR server answered: status, headers and the untouched body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir import reader
from shared.fhir.errors import FhirError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; header names are looked up in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the server did what was asked."""
        return 200 <= self.status < 300

    def resource(self) -> JsonObject:
        """Read the body as one resource.

        :raises Malformed: the body is not one JSON object.
        """
        return reader.read(self.body)

    def reasons(self) -> list[str]:
        """List what an OperationOutcome in the body says, or else only the status."""
        try:
            told = reasons_of(self.resource())
        except FhirError:
            told = []
        return told or [f"the server answered {self.status}"]


def reasons_of(outcome: object) -> list[str]:
    """List one line per issue of an OperationOutcome; anything else gives none."""
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    if not isinstance(issues, list):
        return []
    return [_line(issue) for issue in issues if isinstance(issue, dict)]


def _line(issue: JsonObject) -> str:
    text = issue.get("diagnostics") or issue.get("code") or "no reason given"
    places = issue.get("expression")
    return f"{places[0]}: {text}" if isinstance(places, list) and places else str(text)
