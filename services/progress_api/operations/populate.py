"""`Questionnaire/$populate`: begins a response of a person to a Questionnaire.

Nothing is written: who asks completes the response and sends it.
https://hl7.org/fhir/uv/sdc/OperationDefinition-Questionnaire-populate.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.populating import populated
from shared.care.instruments.own_copy import licence_held
from shared.fhir.errors import Malformed, NotFound, RuleViolation
from shared.fhir.outcome import operation_outcome
from shared.fhir.references import parse_reference
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.store.finding import fetch, find, required
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading

_TYPE: Final = "Questionnaire"


async def populate(reading: Reading, call: Call) -> FhirResponse:
    """Begin a response to a Questionnaire of the record.

    :raises NotFound: when there is no such Questionnaire.
    :raises Gone: when it was deleted.
    :raises Malformed: when the subject is no Patient.
    :raises RuleViolation: when the subject does not exist.
    """
    asked = await required(reading, Key(_TYPE, call.request.id or ""))
    return await _populate(reading, call, asked.content)


async def populate_asked(reading: Reading, call: Call) -> FhirResponse:
    """Begin a response to a Questionnaire that is sent, or named by its canonical.

    :raises NotFound: when the record has none with this canonical.
    :raises Malformed: when none or two are asked for, or the subject is no Patient.
    :raises RuleViolation: when the subject does not exist.
    """
    sent, canonical = call.inputs.one("questionnaire"), call.inputs.one("canonical")
    if (sent is None) == (canonical is None):
        raise Malformed("$populate takes either canonical or questionnaire.")
    return await _populate(reading, call, sent or await _named(reading, canonical))


async def _named(reading: Reading, canonical: str) -> JsonObject:
    url, _, version = canonical.partition("|")
    found = [each.content for each in await find(reading, _TYPE, ("url", url))]
    # A search takes a comma for an or; a canonical is one.
    fitting = [
        each for each in found if each["url"] == url and version in {"", each.get("version", "")}
    ]
    if not fitting:
        raise NotFound(f"There is no {_TYPE} with this canonical.")
    # Where somebody has loaded the wording, people are asked in it.
    return max(fitting, key=lambda each: licence_held(each) is not None)


async def _populate(reading: Reading, call: Call, questionnaire: JsonObject) -> FhirResponse:
    patient = await _subject(reading, call)
    found = populated(questionnaire, patient, instant(call.context.now))
    told: list[dict[str, Any]] = [{"name": "response", "resource": found.response}]
    if found.issues:
        told.append({"name": "issues", "resource": operation_outcome(found.issues)})
    return FhirResponse(200, write({"resourceType": "Parameters", "parameter": told}))


async def _subject(reading: Reading, call: Call) -> JsonObject:
    told = call.inputs.one("subject").get("reference", "")
    link = parse_reference(told, call.context.bases)
    if link.kind != "local" or link.type != "Patient" or link.id is None:
        raise Malformed(
            "subject must refer to a Patient of this record, such as Patient/7.",
            expression="Parameters.parameter",
        )
    patient = await fetch(reading, Key("Patient", link.id))
    if patient is None:
        raise RuleViolation(
            f"Patient/{link.id} does not exist here.", expression="Parameters.parameter"
        )
    return patient.content


_SUBJECT: Final = Parameter("subject", "in", "Reference", "The Patient who is asked.", min=1)
_OUT: Final = (
    Parameter("response", "out", "QuestionnaireResponse", "The response, in progress.", min=1),
    Parameter("issues", "out", "OperationOutcome", "What could not be filled in, if anything."),
)
_DESCRIPTION: Final = (
    "Begin a response of a person to a Questionnaire: with its items, their initial values, and "
    "what the record knows of the Patient. Nothing is stored."
)
POPULATE: Final = Operation(
    code="populate",
    level="instance",
    types=(_TYPE,),
    handle=populate,
    opens="snapshot",
    affects_state=False,
    description=_DESCRIPTION,
    parameters=(_SUBJECT, *_OUT),
)
POPULATE_ASKED: Final = Operation(
    code="populate",
    level="type",
    types=(_TYPE,),
    handle=populate_asked,
    opens="snapshot",
    affects_state=False,
    description=_DESCRIPTION,
    parameters=(
        Parameter("canonical", "in", "canonical", "The Questionnaire's, with version or without."),
        Parameter("questionnaire", "in", _TYPE, "The Questionnaire itself, on the type alone."),
        _SUBJECT,
        *_OUT,
    ),
)
# The one that takes more inputs stands first, for the definition that is made of both.
OPERATIONS: Final = (POPULATE_ASKED, POPULATE)
