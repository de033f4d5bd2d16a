"""`Patient/$match`: who of the people here may be the one that is described, and why.

Candidates are found by identifiers, then by what else is told of them; each is compared, scored
and graded. Nothing is merged and nobody is chosen.
https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.match import Match, identifiers_of, match
from shared.care.canonical import profile
from shared.fhir.errors import Malformed, RuleViolation
from shared.fhir.reader import read
from shared.fhir.search.fold import fold
from shared.fhir.search.parse import parse
from shared.fhir.validation import validate
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading
    from shared.store.version import Version

    Candidate = tuple[Version, Match]

_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
_REASON: Final = profile("match-reason")
_SEPARATORS: Final = re.compile(r"([\\,|$])")
_DEFAULT: Final = 20
_MOST: Final = 100
# What one way to look finds at most; who agrees on so little is found by another way.
_MOST_FOUND: Final = 500
# A search takes no more values of a parameter; nobody has so many names.
_MOST_VALUES: Final = 20


async def match_patient(reading: Reading, call: Call) -> FhirResponse:
    """Give the people who may be meant, the best first, each with its score and its reasons.

    :raises RuleViolation: when what describes the person is no valid Patient.
    :raises Malformed: when it says too little to look for anybody.
    """
    wanted = call.inputs.one("resource")
    issues = validate(wanted)
    if issues:
        raise RuleViolation(issues=tuple(issues))
    compared = [
        (version, match(wanted, read(version.body or b"{}")))
        for version in await _candidates(reading, call, wanted)
    ]
    found = [each for each in compared if each[1].grade != "certainly-not"]
    if call.inputs.one("onlyCertainMatches"):
        found = _only_certain(found)
    found.sort(key=lambda each: (-each[1].points, each[0].key.id))
    count = min(max(call.inputs.one("count") or _DEFAULT, 1), _MOST)
    return FhirResponse(200, write(_bundle(found[:count], len(found), call)))


def _only_certain(found: Sequence[Candidate]) -> list[Candidate]:
    # Where two are certain, neither is.
    certain = [each for each in found if each[1].grade == "certain"]
    return certain if len(certain) == 1 else []


async def _candidates(reading: Reading, call: Call, wanted: JsonObject) -> list[Version]:
    ways = list(_ways(wanted))
    if not ways:
        told = "Nobody can be looked for by so little: give an identifier, a telecom, or a name "
        raise Malformed(told + "or address with a birth date.", expression="Patient")
    ids: dict[str, None] = {}
    for criteria in ways:
        query = parse("Patient", criteria, zone=call.context.zone, now=call.context.now)
        ids |= dict.fromkeys(await reading.matching(query, _MOST_FOUND))
    versions = await reading.read_many("Patient", list(ids)) if ids else {}
    return [each for each in versions.values() if each.body is not None]


def _ways(wanted: JsonObject) -> Iterator[list[tuple[str, str]]]:
    """List the searches by which somebody like this is found."""
    names = wanted.get("name", ())
    families = _texts(each.get("family") for each in names)
    givens = _texts(each for name in names for each in name.get("given", ()))
    contacts = _texts(each.get("value") for each in wanted.get("telecom", ()))
    codes = _texts(each.get("postalCode") for each in wanted.get("address", ()))
    born = [wanted["birthDate"]] if "birthDate" in wanted else []
    identifiers = [f"{_escaped(s)}|{_escaped(v)}" for s, v in identifiers_of(wanted)]
    yield from _together(identifier=identifiers)
    yield from _together(telecom=contacts)
    yield from _together(birthdate=born, family=families)
    yield from _together(birthdate=born, given=givens)
    yield from _together(birthdate=born, address_postalcode=codes)
    yield from _together(family=families, given=givens)
    yield from _together(family=families, address_postalcode=codes)


def _texts(values: Iterable[str | None]) -> list[str]:
    # What is nothing but punctuation finds everybody.
    return [_escaped(each) for each in values if each and fold(each)]


def _together(**values: Sequence[str]) -> Iterator[list[tuple[str, str]]]:
    if all(values.values()):
        yield [
            (name.replace("_", "-"), ",".join(each[:_MOST_VALUES])) for name, each in values.items()
        ]


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


def _escaped(text: str) -> str:
    return _SEPARATORS.sub(r"\\\1", text)


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
