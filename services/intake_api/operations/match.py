"""`Patient/$match`: who of the people here may be the one that is described, and why.

Candidates are found by identifiers, then by what else is told of them; each is compared, scored
and graded. Nothing is merged and nobody is chosen.
https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.candidates import candidates
from shared.care.canonical import profile
from shared.fhir.errors import Malformed, RuleViolation
from shared.fhir.reader import read
from shared.fhir.validation import validate
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from services.intake_api.candidates import Candidate
    from services.intake_api.domain.match import Match
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading

_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
_REASON: Final = profile("match-reason")
_DEFAULT: Final = 20
_MOST: Final = 100


async def match_patient(reading: Reading, call: Call) -> FhirResponse:
    """Give the people who may be meant, the best first, each with its score and its reasons.

    :raises RuleViolation: when what describes the person is no valid Patient.
    :raises Malformed: when it says too little to look for anybody.
    """
    wanted = call.inputs.one("resource")
    issues = validate(wanted)
    if issues:
        raise RuleViolation(issues=tuple(issues))
    found = await candidates(reading, wanted, zone=call.context.zone, now=call.context.now)
    if call.inputs.one("onlyCertainMatches"):
        found = _only_certain(found)
    asked = call.inputs.one("count")
    count = _DEFAULT if asked is None else min(asked, _MOST)
    if count < 0:
        raise Malformed("count may not be negative.", expression="Parameters")
    return FhirResponse(200, write(_bundle(found[:count], len(found), call)))


def _only_certain(found: Sequence[Candidate]) -> list[Candidate]:
    # Where two are certain, neither is.
    certain = [each for each in found if each[1].grade == "certain"]
    return certain if len(certain) == 1 else []


def _bundle(found: Iterable[Candidate], total: int, call: Call) -> JsonObject:
    entries = [
        {
            "fullUrl": f"{call.context.base}/{version.key}",
            "resource": read(version.body or b"{}"),
            "search": {
                "extension": list(_explained(matched)),
                "mode": "match",
                "score": matched.score,
            },
        }
        for version, matched in found
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": total}
    return bundle | ({"entry": entries} if entries else {})


def _explained(matched: Match) -> Iterator[JsonObject]:
    yield {"url": _GRADE, "valueCode": matched.grade}
    for each in matched.reasons:
        told = [
            {"url": "element", "valueCode": each.element},
            {"url": "finding", "valueCode": each.finding},
            {"url": "points", "valueInteger": each.points},
        ]
        yield {"url": _REASON, "extension": told}


MATCH: Final = Operation(
    code="match",
    level="type",
    types=("Patient",),
    handle=match_patient,
    opens="snapshot",
    affects_state=False,
    description="Find who of the people here may be the one described, with a score and reasons.",
    parameters=(
        Parameter("resource", "in", "Patient", "What is known of the person.", min=1),
        Parameter("onlyCertainMatches", "in", "boolean", "Whether to give nobody in doubt."),
        Parameter("count", "in", "integer", f"How many at most, up to {_MOST}."),
        Parameter("return", "out", "Bundle", "A searchset, the best match first.", min=1),
    ),
)
