"""A decision on one page, for people: the outcome, each criterion, its value, why, from what.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.course import READINGS, Reading
from services.intake_api.domain.level_of_care.evidence import dating
from services.intake_api.domain.level_of_care.valuation import JUDGED
from shared.fhir.dates import told_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from services.intake_api.domain.level_of_care.assessment import Assessment
    from services.intake_api.domain.level_of_care.criteria_set import Criterion, Outcome
    from services.intake_api.domain.level_of_care.evidence import Evidence
    from services.intake_api.domain.level_of_care.kleene import Truth
    from services.intake_api.domain.level_of_care.valuation import Valued
    from shared.fhir.reader import JsonObject

_SAID: Final[Mapping[Outcome, str]] = {
    "higher": "A higher level of care is needed.",
    "lower": "A lower level of care is enough.",
    "recommend-iop": "Intensive outpatient care is recommended.",
    "recommend-iop-with-conditions": "Intensive outpatient care is recommended with conditions.",
    "insufficient-information": "There is not enough information to recommend a level of care.",
}
_READ: Final[Mapping[Reading, str]] = {
    "step-up-needed": "The person is in the programme and needs to step up to a higher level.",
    "step-down-ready": (
        "The person is in the programme and is ready to step down to outpatient care."
    ),
    "continue": "The person is in the programme and goes on with it.",
    "continue-with-conditions": (
        "The person is in the programme and goes on with it, under the conditions named."
    ),
    "not-decided": "Whether the person in the programme steps up, down or goes on is open.",
}
_VALUES: Final[Mapping[Truth, str]] = {True: "yes", False: "no", None: "not known"}
_FITS: Final = {
    "true": "the hours planned are those of this level",
    "false": "the hours planned are not those of this level",
    "unknown": "whether the hours planned are those of this level is not known",
}
_SUPPORT: Final = "This supports a clinician's decision and takes none."


def narrative(assessment: Assessment) -> str:
    """Write the page as XHTML."""
    decision, criteria_set = assessment.decision, assessment.criteria_set
    criteria = {each.id: each for each in criteria_set.criteria}
    values = {each.criterion: each.value for each in assessment.criteria}
    because = (_advised(criteria[each], values[each]) for each in decision.because)
    reading = f" {_READ[READINGS[decision.outcome]]}" if assessment.episode else ""
    parts = [
        f"<p><b>{_SAID[decision.outcome]}</b>{reading} {_SUPPORT}</p>",
        _listed("Because of", because),
        _listed("Not known yet", (_named(criteria[each]) for each in decision.missing)),
        _table(_row(criteria[e.criterion], e, assessment.zone) for e in assessment.criteria),
        _listed("Levels that licensed tools came to", map(_compared, assessment.consistency)),
        f"<p>By “{escape(criteria_set.title)}”, version {criteria_set.version}.</p>",
    ]
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(parts)}</div>'


def _listed(title: str, items: Iterable[str]) -> str:
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f"<p>{title}</p><ul>{listed}</ul>" if listed else ""


def _named(criterion: Criterion) -> str:
    return f"{escape(criterion.text)} ({criterion.id})"


def _advised(criterion: Criterion, value: Truth) -> str:
    advice = f". {escape(criterion.advice)}" if criterion.advice else ""
    return f"{_named(criterion)}: {_VALUES[value]}{advice}"


def _table(rows: Iterable[str]) -> str:
    heads = "".join(f"<th>{each}</th>" for each in ("Criterion", "Holds", "Why", "From"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(criterion: Criterion, told: Valued, zone: tzinfo) -> str:
    came = _from(told.pieces, zone)
    cells = (_named(criterion), _VALUES[told.value], _why(criterion, told), came)
    return f"<tr>{''.join(f'<td>{each}</td>' for each in cells)}</tr>"


def _why(criterion: Criterion, told: Valued) -> str:
    if told.basis == JUDGED:
        return "A clinician judged it"
    sources = (row.source for row in criterion.rows if row.id == told.basis)
    return escape(next(sources, "Nothing in the record tells"))


def _from(pieces: Iterable[Evidence], zone: tzinfo) -> str:
    days = ((piece, told_day(dating(piece), zone)) for piece in pieces)
    return "<br/>".join(f"{piece.versioned} of {escape(day)}" for piece, day in days)


def _compared(consistency: JsonObject) -> str:
    parts = consistency["part"]
    told = {each["name"]: each.get("valueCode", each.get("valueString")) for each in parts}
    named = escape(f"{told['tool']} {told['level']}, edition {told['edition']}")
    return f"{named}: {_FITS[told['consistent']]}"
