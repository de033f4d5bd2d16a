"""Which QuestionnaireResponses are extracted, and how a result says that it was revised.

https://hl7.org/fhir/uv/sdc/extraction.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain import answer_issue
from services.progress_api.domain.answer_issue import KINDS
from services.progress_api.domain.completed_response import Completed
from services.progress_api.domain.score_observations import codes_of, score_observations
from shared.care.automatic import Policy, derived_id
from shared.care.instruments.registry import INSTRUMENTS, instrument_of
from shared.care.instruments.response import answers
from shared.care.subject import patient_of
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "questionnaire-response-extraction", "1.0", "Scores the answers of completed instruments"
)
DONE: Final = frozenset({"completed", "amended"})
_RETRACTED: Final = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Extraction:
    """The response as it was read, and what is wrong with its answers."""

    completed: Completed
    issues: tuple[Issue, ...]

    def results(self) -> Iterator[JsonObject]:
        """Give what the response comes to; answers that cannot be read come to an issue alone."""
        if self.issues:
            yield answer_issue.unreadable(self.completed, self.issues)
            return
        yield from score_observations(self.completed)
        yield from answer_issue.contradictory(self.completed)


def is_done(response: JsonObject) -> bool:
    """Tell whether a response is finished and answers an instrument that is scored here."""
    known = instrument_of(response.get("questionnaire"))
    return known is not None and response.get("status") in DONE


def is_taken_back(response: JsonObject) -> bool:
    """Tell whether nobody stands by a response: a mistake, or not finished after all."""
    return response.get("status") not in DONE


def refusals(response: JsonObject, bases: tuple[str, ...]) -> Iterator[Issue]:
    """Say why a response cannot be extracted, if it cannot."""
    if is_taken_back(response):
        told = "Only a completed or amended QuestionnaireResponse is extracted."
        yield Issue("error", "business-rule", told, "QuestionnaireResponse.status")
    if instrument_of(response.get("questionnaire")) is None:
        known = ", ".join(each for one in INSTRUMENTS for each in one.questionnaires)
        told = f"This Questionnaire is not scored here; these are: {known}."
        yield Issue("error", "not-supported", told, "QuestionnaireResponse.questionnaire")
    if patient_of(response, "subject", bases) is None:
        told = "A QuestionnaireResponse that is extracted has a Patient of this record as subject."
        yield Issue("error", "required", told, "QuestionnaireResponse.subject")


def extraction(response: JsonObject, bases: tuple[str, ...], sex: str | None = None) -> Extraction:
    """Read a response that nothing refuses; the record's word for the sex may choose bands."""
    instrument = instrument_of(response.get("questionnaire"))
    patient_id = patient_of(response, "subject", bases)
    if instrument is None or patient_id is None:
        raise ValueError("the response is refused")
    authored = response.get("authored") or response["meta"]["lastUpdated"]
    found = answers(instrument, response)
    completed = Completed(
        instrument, response, patient_id, authored, found.values, found.unscored, sex
    )
    return Extraction(completed, found.issues)


def possible_results(response_id: str) -> list[tuple[str, str]]:
    """Name by type and id all that any version of a response can have come to."""
    codes = (code for instrument in INSTRUMENTS for code in codes_of(instrument))
    made = [
        *(("Observation", code) for code in codes),
        *(("DetectedIssue", each) for each in KINDS),
    ]
    return [(kind, derived_id(f"QuestionnaireResponse/{response_id}", of)) for kind, of in made]


def revised(before: JsonObject | None, after: JsonObject) -> JsonObject:
    """Let a result that replaces another one say that it corrects it."""
    if before is None or after["status"] == "amended":
        return after
    stands = before["status"] != _RETRACTED and _content(before) == _content(after)
    return after | {"status": before["status"] if stands else "corrected"}


def retracted(before: JsonObject) -> JsonObject:
    """Take back a result that no longer stands."""
    return before | {"status": _RETRACTED}


def is_retracted(result: JsonObject) -> bool:
    """Tell whether a result no longer stands."""
    return bool(result["status"] == _RETRACTED)


def _content(result: JsonObject) -> JsonObject:
    return {name: value for name, value in result.items() if name not in {"status", "meta"}}
