"""What people answer: QuestionnaireResponses to the programme's instruments.

Totals are spread over the items from the first on; the ninth of the PHQ-9 is given by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.synthetic.marks import META
from shared.care.canonical import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from services.cli.story.cast import Person
    from shared.fhir.reader import JsonObject

_LOINC: Final = "http://loinc.org"
_FREQUENCY: Final = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")
_PHQ_9: Final = (
    "44250-9",
    "44255-8",
    "44259-0",
    "44254-1",
    "44251-7",
    "44258-2",
    "44252-5",
    "44253-3",
)
_PHQ_9_SELF_HARM: Final = "44260-8"
_GAD_7: Final = ("69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7")
_C_SSRS: Final = ("93246-7", "93247-5", "93267-3")
_NO: Final = "LA32-8"
_YES: Final = "LA33-6"


def phq_9(person: Person, at: datetime, total: int) -> JsonObject:
    """Answer the PHQ-9 with a total of up to 24, and a 1 in its ninth item from 15 on."""
    self_harm = int(total >= 15)
    answers = _spread(_PHQ_9, total - self_harm) | {_PHQ_9_SELF_HARM: _FREQUENCY[self_harm]}
    return _response("phq-9", person, at, answers)


def gad_7(person: Person, at: datetime, total: int) -> JsonObject:
    """Answer the GAD-7 with a total."""
    return _response("gad-7", person, at, _spread(_GAD_7, total))


def c_ssrs(person: Person, at: datetime) -> JsonObject:
    """Answer the C-SSRS screener with a low risk: a wish to be dead, no thoughts, no behaviour."""
    answers = dict.fromkeys(_C_SSRS, _NO) | {_C_SSRS[0]: _YES}
    return _response("c-ssrs-screener", person, at, answers)


def _spread(items: tuple[str, ...], total: int) -> dict[str, str]:
    each, more = divmod(total, len(items))
    return {item: _FREQUENCY[each + (i < more)] for i, item in enumerate(items)}


def _response(name: str, person: Person, at: datetime, answers: Mapping[str, str]) -> JsonObject:
    subject = {"reference": person.reference}
    return {
        "resourceType": "QuestionnaireResponse",
        "meta": META,
        "questionnaire": f"{CANONICAL}/Questionnaire/{name}",
        "status": "completed",
        "subject": subject,
        "author": subject,
        "authored": at.isoformat(timespec="milliseconds"),
        "item": [
            {"linkId": link, "answer": [{"valueCoding": {"system": _LOINC, "code": code}}]}
            for link, code in answers.items()
        ],
    }
