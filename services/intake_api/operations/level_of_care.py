"""`POST Patient/[id]/$level-of-care`: which level of care a person needs, with the proof of it.

An operation of ours. It supports the decision of a clinician and takes none: the answer is a
GuidanceResponse whose contained Parameters are the trace. The same evidence gives the same one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.guidance import guidance
from services.intake_api.domain.level_of_care.library import CRITERIA_SETS, DEFAULT, find
from services.intake_api.operations.assessing import findings, replayed
from shared.fhir.errors import NotSupported
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.interactions.create import location
from shared.server.past import past
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.finding import required
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet
    from shared.server.call import Call
    from shared.store.transaction import Transaction


async def level_of_care(tx: Transaction, call: Call) -> FhirResponse:
    """Decide and keep the decision: 201 where it is a new one, 200 where it stood already.

    With `at` the decision of then is told again, and nothing is kept.

    :raises NotFound: when there is no such person.
    :raises Gone: when the person's resource was deleted.
    :raises NotSupported: when the criteria set is not one of those published here.
    :raises Malformed: when `at` is no instant of the past.
    """
    patient = await required(tx, Key("Patient", call.request.id or ""))
    criteria_set = _criteria_set(call.inputs.one("criteria-set"))
    at = past(call.inputs.one("at"), call.context.now)
    if at is not None:
        then = await replayed(tx, patient.key.id, criteria_set, at)
        return FhirResponse(200, write(guidance(then, patient.key.id, instant(at))))
    found = await findings(tx, patient.key.id, criteria_set, call.context.now)
    written = {each.key: each for each in await save(tx, found.changes)}
    version = written.get(found.guidance) or (await required(tx, found.guidance)).version
    if found.standing is None:
        return FhirResponse(201, version.body, version, location(version, call.context))
    return FhirResponse(200, version.body, version)


def _criteria_set(canonical: str | None) -> CriteriaSet:
    found = find(canonical)
    if found is None:
        known = ", ".join(each.canonical for each in CRITERIA_SETS)
        raise NotSupported(
            f"This criteria set is not published here; known are {known}.",
            expression="Parameters.parameter",
        )
    return found


LEVEL_OF_CARE: Final = Operation(
    code="level-of-care",
    level="instance",
    types=("Patient",),
    handle=level_of_care,
    opens="transaction",
    affects_state=True,
    description=(
        "Decide by a criteria set which level of care a person needs: higher, lower, "
        "recommend-iop, recommend-iop-with-conditions or insufficient-information. For somebody in "
        "the programme it also tells whether to step down, step up or go on."
    ),
    parameters=(
        Parameter(
            "criteria-set",
            "in",
            "canonical",
            f"The criteria set, by its canonical with or without version; {DEFAULT.canonical} "
            "where none is given.",
        ),
        Parameter(
            "at",
            "in",
            "dateTime",
            "An instant of the past: the decision by the record as it stood then, with ages "
            "counted from then. Nothing is written.",
        ),
        Parameter(
            "return",
            "out",
            "GuidanceResponse",
            "The decision; its contained Parameters hold phase, outcome, rule, because*, "
            "criterion* (code, value, basis, evidence*, hash), missing* and hash; of somebody in "
            "the programme also episode and reading.",
            min=1,
        ),
    ),
)
