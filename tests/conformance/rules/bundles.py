"""Transaction and batch. https://hl7.org/fhir/R4/http.html#transaction"""

from base64 import b64encode
from typing import Any, Unpack

from tests.conformance.rules.rule import (
    JSON_PATCH,
    Answer,
    Ask,
    bundle,
    entry,
    identified,
    observation,
    patient,
    rule,
)

_IDS = "identifier=http://test.example/ids|"
_URN = "urn:uuid:0b9f0d5c-4b0f-4c5e-9d39-2d1f6f1f0a01"
_BORN = entry("POST", "Patient", identified("TOKEN-born"), fullUrl=_URN)
_ABOUT_BORN = entry("POST", "Observation", observation(subject={"reference": _URN}))
_GENDER = [
    {"name": "type", "valueCode": "add"},
    {"name": "path", "valueString": "Patient"},
    {"name": "name", "valueString": "gender"},
    {"name": "value", "valueCode": "female"},
]
_FHIRPATH_PATCH = {
    "resourceType": "Parameters",
    "parameter": [{"name": "operation", "part": _GENDER}],
}
_DIV = f'<a href="{_URN}#x">Who</a><img src="{_URN}" alt="Them"/>'
_NARRATIVE = {
    "status": "generated",
    "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{_DIV}</div>',
}
_OPERATIONS = b'[{"op": "add", "path": "/gender", "value": "female"}]'
_JSON_PATCH = {
    "resourceType": "Binary",
    "contentType": JSON_PATCH,
    "data": b64encode(_OPERATIONS).decode(),
}


def _about(reference: str) -> dict[str, Any]:
    return entry("POST", "Observation", observation(subject={"reference": reference}))


def _transaction(status: int, *entries: dict[str, Any], **answer: Unpack[Answer]) -> Ask:
    return Ask("POST", "", status, bundle("transaction", *entries), **answer)


def _batch(*entries: dict[str, Any], text: str) -> Ask:
    return Ask("POST", "", 200, bundle("batch", *entries), text=text)


_BAD = entry("POST", "Observation", observation(status="done"))

RULES = (
    rule(
        "a transaction is all or nothing, in the order of its entries",
        _transaction(
            200,
            _ABOUT_BORN,
            _BORN,
            text='transaction-response.*"status":"201.*/Observation/.*"status":"201.*/Patient/',
        ),
        _transaction(200),
        _transaction(422, _BORN, _BAD, code="code-invalid", text=r"Bundle\.entry\[1\]"),
        _transaction(422, _BORN, _about("Patient/TOKEN-no"), code="not-found", text=r"entry\[1\]"),
        _transaction(
            404, entry("GET", "Patient/TOKEN-unknown"), code="not-found", text=r"entry\[0\]"
        ),
    ),
    rule(
        "a transaction does deletions first and reads last",
        _transaction(
            200,
            entry("GET", f"Patient?{_IDS}TOKEN-born"),
            _BORN,
            entry("DELETE", "Patient/TOKEN"),
            text="TOKEN-born",
        ),
        _transaction(
            200,
            entry("DELETE", "Patient/TOKEN-referred"),
            entry("DELETE", "Observation/TOKEN-about"),
        ),
        _transaction(409, entry("DELETE", "Patient/TOKEN-referred"), code="conflict"),
    ),
    rule(
        "a conditional reference may match what its transaction makes",
        _transaction(200, _about(f"Patient?{_IDS}TOKEN-born"), _BORN),
        _transaction(200, _about(f"Patient?{_IDS}TOKEN-one"), text='"Patient/TOKEN"'),
        _transaction(412, _about(f"Patient?{_IDS}TOKEN-none"), code="conflict"),
        _transaction(412, _about(f"Patient?{_IDS}TOKEN-both"), code="conflict"),
        Ask(
            "POST",
            "/Observation",
            400,
            observation(subject={"reference": f"Patient?{_IDS}TOKEN-one"}),
            code="invalid",
        ),
        # A batch is answered whole; the refusal is the entry's.
        _batch(_about(f"Patient?{_IDS}TOKEN-one"), text='"status":"400.*Observation.subject'),
    ),
    rule(
        "a transaction honours the conditions of its entries",
        _transaction(200, entry("PUT", "Patient/TOKEN", patient("TOKEN"), ifMatch='W/"2"')),
        _transaction(
            200,
            entry("POST", "Patient", identified("TOKEN-one"), ifNoneExist=f"{_IDS}TOKEN-one"),
            text='"status":"200',
        ),
        _transaction(200, entry("GET", "Patient/TOKEN", ifNoneMatch='W/"2"'), text='"status":"304'),
        _transaction(200, entry("HEAD", "Patient/TOKEN", ifNoneMatch='W/"1"'), text='"etag":"W/'),
        _transaction(200, entry("PUT", "Patient/TOKEN-n", patient("TOKEN-n"), ifNoneMatch="*")),
        _transaction(
            412, entry("PUT", "Patient/TOKEN", patient("TOKEN"), ifNoneMatch="*"), code="conflict"
        ),
        _transaction(
            412, entry("PUT", "Patient/TOKEN", patient("TOKEN"), ifMatch='W/"1"'), code="conflict"
        ),
        _transaction(
            412,
            entry("POST", "Patient", patient(), ifNoneExist=f"{_IDS}TOKEN-both"),
            code="conflict",
        ),
    ),
    rule(
        "a transaction names no resource twice",
        _transaction(
            200,
            entry("PUT", "Patient/TOKEN", patient("TOKEN")),
            entry("PUT", "Patient/TOKEN-a", patient("TOKEN-a")),
        ),
        _transaction(
            400,
            entry("PUT", "Patient/TOKEN", patient("TOKEN")),
            entry("DELETE", "Patient/TOKEN"),
            code="structure",
        ),
        _transaction(
            400,
            entry("PUT", "Patient/TOKEN", patient("TOKEN")),
            entry("PUT", f"Patient?{_IDS}TOKEN-one", patient()),
            code="structure",
        ),
        _transaction(
            400,
            entry("PATCH", "Patient/TOKEN", _JSON_PATCH),
            entry("PATCH", f"Patient?{_IDS}TOKEN-one", _FHIRPATH_PATCH),
            code="structure",
        ),
        _transaction(
            400,
            entry("DELETE", f"Patient?{_IDS}TOKEN-one"),
            entry("POST", "Patient", identified("TOKEN-one"), ifNoneExist=f"{_IDS}TOKEN-one"),
            code="structure",
        ),
    ),
    rule(
        "a Bundle holds patches of both kinds",
        _transaction(
            200, entry("PATCH", "Patient/TOKEN", _FHIRPATH_PATCH), text='"gender":"female"'
        ),
        _transaction(200, entry("PATCH", "Patient/TOKEN", _JSON_PATCH), text='"gender":"female"'),
        _transaction(200, entry("PATCH", f"Patient?{_IDS}TOKEN-one", _FHIRPATH_PATCH)),
        _transaction(200, entry("PATCH", f"Patient?{_IDS}TOKEN-one", _JSON_PATCH)),
        _batch(entry("PATCH", "Patient/TOKEN", _FHIRPATH_PATCH), text='"gender":"female"'),
        _batch(entry("PATCH", f"Patient?{_IDS}TOKEN-one", _JSON_PATCH), text='"gender":"female"'),
        _transaction(
            412,
            entry("PATCH", "Patient/TOKEN", _JSON_PATCH, ifMatch='W/"1"'),
            code="conflict",
            text=r"Bundle\.entry\[0\]",
        ),
        _transaction(
            404,
            entry("PATCH", f"Patient?{_IDS}TOKEN-none", _JSON_PATCH),
            code="not-found",
            text=r"Bundle\.entry\[0\]",
        ),
        _transaction(
            412, entry("PATCH", f"Patient?{_IDS}TOKEN-both", _FHIRPATH_PATCH), code="conflict"
        ),
        _transaction(
            415,
            entry("PATCH", "Patient/TOKEN", _JSON_PATCH | {"contentType": "application/json"}),
            code="not-supported",
        ),
        _transaction(400, entry("PATCH", "Patient/TOKEN", patient()), code="structure"),
    ),
    rule(
        "a transaction rewrites links to its entries, in narrative too",
        _transaction(
            200,
            entry("POST", "Patient", patient(text=_NARRATIVE)),
            _BORN,
            text=r'href=\\"Patient/[0-9a-f-]{36}#x\\".*src=\\"Patient/[0-9a-f-]{36}\\"',
        ),
        _transaction(200, _about(f"{_URN}/_history/1"), _BORN, text="Patient/[0-9a-f-]{36}/_hist"),
        _transaction(
            422,
            _about(f"{_URN}/_history/2"),
            _BORN,
            code="not-found",
            text=r"entry\[0\]\.resource\.subject",
        ),
        _transaction(422, _ABOUT_BORN, code="not-found", text=r"entry\[0\]\.resource\.subject"),
    ),
    rule(
        "a Bundle has at most five thousand entries",
        _transaction(200, *[entry("HEAD", "Patient/TOKEN")] * 50),
        _transaction(413, *[entry("HEAD", "Patient/TOKEN")] * 5001, code="too-costly"),
    ),
    rule(
        "a batch does each entry on its own",
        _batch(_BORN, _BAD, text='batch-response.*"status":"201.*"status":"422.*OperationOutcome'),
        _batch(
            entry("GET", "Patient/TOKEN"),
            entry("DELETE", "Patient/TOKEN-gone"),
            text='"status":"200.*"status":"204',
        ),
        _batch(entry("GET", "Patient/TOKEN-unknown"), text='"status":"404'),
        _batch(_BORN, _ABOUT_BORN, text='"status":"201.*"status":"4'),
    ),
    rule(
        "only batches and transactions are posted to the base",
        _batch(text="batch-response"),
        *(
            Ask("POST", "", 400, bundle(kind), code="structure")
            for kind in ("collection", "history", "searchset", "document", "message")
        ),
        Ask("POST", "", 400, patient(), code="structure"),
    ),
)
