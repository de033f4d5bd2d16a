"""`QuestionnaireResponse/$extract`: scores a completed response into Observations, and keeps them.

https://hl7.org/fhir/uv/sdc/OperationDefinition-QuestionnaireResponse-extract.html
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from services.progress_api.domain import extraction
from services.progress_api.extracting import keep_results, sex_of
from shared.care.automatic import derived_id
from shared.fhir.errors import Conflict, Gone, NotFound, RuleViolation
from shared.fhir.writer import canonical
from shared.server.definition import Operation, Parameter
from shared.server.interactions.create import location
from shared.server.interactions.update import same
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.server.searchset import response_bundle
from shared.store.finding import fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.request import Context
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Version

_TYPE: Final = "QuestionnaireResponse"


async def extract(tx: Transaction, call: Call) -> FhirResponse:
    """Extract a response of the record.

    :raises NotFound: when there is no such response.
    :raises Gone: when it was deleted.
    :raises RuleViolation: when it, or one of its answers, cannot be extracted.
    """
    key = Key(_TYPE, call.request.id or "")
    version = await tx.read(key)
    if version is None:
        raise NotFound(f"There is no {_TYPE} with this id.")
    if version.deleted:
        raise Gone(f"This {_TYPE} was deleted.")
    return await _extract(tx, key, call.context)


async def extract_sent(tx: Transaction, call: Call) -> FhirResponse:
    """Keep a response that is sent, once, and extract it.

    :raises Conflict: when the record holds another response under the id that is sent.
    :raises RuleViolation: when it, or one of its answers, cannot be extracted.
    """
    sent = call.inputs.one("questionnaire-response")
    return await _extract(tx, await _kept(tx, sent, call.context), call.context)


async def _kept(tx: Transaction, sent: JsonObject, context: Context) -> Key:
    if isinstance(sent.get("id"), str):
        here = await fetch(tx, Key(_TYPE, sent["id"]))
        if here is not None:
            return _unchanged(here, sent)
    content = {name: value for name, value in sent.items() if name not in {"id", "meta"}}
    digest = hashlib.sha256(canonical(content)).hexdigest()
    key = Key(_TYPE, derived_id(f"{_TYPE} {digest}", "extract"))
    kept = await fetch(tx, key)
    if kept is not None:
        return _unchanged(kept, sent | {"id": key.id})
    before = await tx.read(key)
    await save(tx, [Change(key, "PUT", before, sent | {"id": key.id}, context.now)])
    return key


def _unchanged(here: Found, sent: JsonObject) -> Key:
    if not same(here.content, sent):
        raise Conflict(
            f"The record holds another version of this {_TYPE}, {here.versioned}: update that."
        )
    return here.key


async def _extract(tx: Transaction, key: Key, context: Context) -> FhirResponse:
    response = await fetch(tx, key)
    if response is None:
        raise NotFound(f"There is no {_TYPE} with this id.")
    refusals = tuple(extraction.refusals(response.content, context.bases))
    if refusals:
        raise RuleViolation(issues=refusals)
    sex = await sex_of(tx, response.content)
    extracted = extraction.extraction(response.content, context.bases, sex)
    if extracted.issues:
        raise RuleViolation(issues=extracted.issues)
    versions = await keep_results(tx, response, extracted.results(), context.now)
    return FhirResponse(200, _bundle(versions, context))


def _bundle(versions: Sequence[Version], context: Context) -> bytes:
    told = [(_told(version, context), version.body) for version in versions]
    return response_bundle("transaction-response", told)


def _told(version: Version, context: Context) -> JsonObject:
    return {
        "status": "200",
        "location": location(version, context),
        "etag": f'W/"{version.number}"',
        "lastModified": instant(version.updated),
    }


_RETURN: Final = Parameter(
    "return",
    "out",
    "Bundle",
    "A transaction-response with the Observations that the record now holds: scores, items worth "
    "one of their own, the risk; and a DetectedIssue where answers contradict each other.",
    min=1,
)
_DESCRIPTION: Final = (
    "Score a completed or amended response to a known Questionnaire into Observations derived "
    "from it. Repeating it changes nothing; an amended response gives new versions."
)
EXTRACT: Final = Operation(
    code="extract",
    level="instance",
    types=(_TYPE,),
    handle=extract,
    opens="transaction",
    affects_state=True,
    description=_DESCRIPTION,
    parameters=(_RETURN,),
)
EXTRACT_SENT: Final = Operation(
    code="extract",
    level="type",
    types=(_TYPE,),
    handle=extract_sent,
    opens="transaction",
    affects_state=True,
    description=f"{_DESCRIPTION} A response that is sent is kept in the record first.",
    parameters=(
        Parameter("questionnaire-response", "in", _TYPE, "The response, on the type alone.", min=1),
        _RETURN,
    ),
)
# The one that takes an input stands first, for the definition that is made of both.
OPERATIONS: Final = (EXTRACT_SENT, EXTRACT)
