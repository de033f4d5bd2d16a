"""JSON Patch and FHIRPath Patch. https://hl7.org/fhir/R4/http.html#patch"""

from typing import Any, Unpack

from tests.conformance.rules.rule import JSON_PATCH, Answer, Ask, Headers, rule

_TYPE = {"Content-Type": JSON_PATCH}
_IDS = "identifier=http://test.example/ids%7C"
_DIV = '<div xmlns="http://www.w3.org/1999/xhtml">Told again</div>'
_RETOLD = {"op": "replace", "path": "/text/div", "value": _DIV}
_FEMALE = {"op": "add", "path": "/gender", "value": "female"}


def _json(
    status: int,
    *operations: object,
    url: str = "/Patient/TOKEN",
    sent: Headers | None = None,
    **answer: Unpack[Answer],
) -> Ask:
    return Ask("PATCH", url, status, list(operations), _TYPE | (sent or {}), **answer)


def _fhirpath(
    status: int, *parts: dict[str, Any], url: str = "/Patient/TOKEN", **answer: Unpack[Answer]
) -> Ask:
    operation = {"name": "operation", "part": list(parts)}
    body = {"resourceType": "Parameters", "parameter": [operation]}
    return Ask("PATCH", url, status, body, **answer)


def _part(name: str, kind: str, value: object) -> dict[str, Any]:
    return {"name": name, f"value{kind}": value}


_ADD_GENDER = (
    _part("type", "Code", "add"),
    _part("path", "String", "Patient"),
    _part("name", "String", "gender"),
    _part("value", "Code", "female"),
)

RULES = (
    rule(
        "a JSON Patch changes what it names",
        _json(200, _FEMALE, headers={"ETag": 'W/"3"'}, text='"gender":"female"'),
        _json(200, {"op": "test", "path": "/active", "value": True}, _FEMALE),
        _json(200, _FEMALE, sent={"Prefer": "return=minimal"}, text="^$"),
        _json(422, {"op": "test", "path": "/active", "value": False}, _FEMALE, code="processing"),
        _json(422, {"op": "remove", "path": "/gender"}, code="processing"),
        _json(422, {"op": "add", "path": "/gender", "value": "f"}, code="code-invalid"),
        _json(400, {"op": "give", "path": "/gender"}, code="structure"),
        Ask("PATCH", "/Patient/TOKEN", 400, {"op": "add"}, sent=_TYPE, code="structure"),
        _json(404, _FEMALE, url="/Patient/TOKEN-unknown", code="not-found"),
        _json(410, _FEMALE, url="/Patient/TOKEN-gone", code="deleted"),
    ),
    rule(
        "a JSON Patch has at most a hundred operations",
        _json(200, *[_FEMALE] * 100),
        _json(413, *[_FEMALE] * 101, code="too-costly"),
    ),
    rule(
        "a patch that changes nothing makes no version",
        _json(200, {"op": "add", "path": "/active", "value": True}, headers={"ETag": 'W/"2"'}),
    ),
    rule(
        "a patch does not touch identity, version or labels",
        _json(
            200, {"op": "add", "path": "/meta/tag/-", "value": {"code": "new"}}, text="kept.*new"
        ),
        _json(422, {"op": "replace", "path": "/id", "value": "TOKEN-x"}, code="processing"),
        _json(422, {"op": "replace", "path": "/meta/versionId", "value": "9"}, code="processing"),
        _json(422, {"op": "remove", "path": "/meta/lastUpdated"}, code="processing"),
        _json(422, {"op": "remove", "path": "/meta/security"}, code="processing"),
        _json(422, {"op": "remove", "path": "/meta/security/0"}, code="processing"),
        _json(422, {"op": "remove", "path": "/meta"}, code="processing"),
    ),
    rule(
        "a FHIRPath Patch changes what it names",
        _fhirpath(200, *_ADD_GENDER, headers={"ETag": 'W/"3"'}, text='"gender":"female"'),
        _fhirpath(
            200, _part("type", "Code", "delete"), _part("path", "String", "Patient.identifier")
        ),
        _fhirpath(
            422,
            _part("type", "Code", "replace"),
            _part("path", "String", "Patient.birthDate"),
            _part("value", "Date", "2000-01-01"),
            code="processing",
        ),
        _fhirpath(
            422,
            _part("type", "Code", "delete"),
            _part("path", "String", "Patient.id"),
            code="processing",
        ),
        _fhirpath(404, *_ADD_GENDER, url="/Patient/TOKEN-unknown", code="not-found"),
        Ask("PATCH", "/Patient/TOKEN", 400, {"resourceType": "Patient"}, code="structure"),
    ),
    rule(
        "a patch is refused in another form than these two",
        _json(200, _FEMALE),
        Ask(
            "PATCH",
            "/Patient/TOKEN",
            415,
            {"gender": "female"},
            sent={"Content-Type": "application/merge-patch+json"},
            code="not-supported",
        ),
        Ask("PATCH", "/Patient/TOKEN", 400, {"gender": "female"}, code="structure"),
    ),
    rule(
        "a narrative never contradicts the data after a patch",
        _json(200, _FEMALE, url="/Patient/TOKEN-generated", text=r"^((?!\"text\").)*$"),
        _json(200, _FEMALE, _RETOLD, url="/Patient/TOKEN-told", text="Told again"),
        _json(422, _FEMALE, url="/Patient/TOKEN-told", code="processing", text=r"Patient\.text"),
    ),
    rule(
        "a patch with If-Match changes only that version",
        _json(200, _FEMALE, sent={"If-Match": 'W/"2"'}),
        _json(412, _FEMALE, sent={"If-Match": 'W/"1"'}, code="conflict"),
        _json(400, _FEMALE, sent={"If-Match": "2"}, code="structure"),
    ),
    rule(
        "a conditional patch changes the one that matches",
        _json(200, _FEMALE, url=f"/Patient?{_IDS}TOKEN-one", headers={"ETag": 'W/"3"'}),
        _fhirpath(200, *_ADD_GENDER, url=f"/Patient?{_IDS}TOKEN-one"),
        _json(404, _FEMALE, url=f"/Patient?{_IDS}TOKEN-none", code="not-found"),
        _json(412, _FEMALE, url=f"/Patient?{_IDS}TOKEN-both", code="conflict"),
        _json(400, _FEMALE, url="/Patient", code="invalid"),
        _json(400, _FEMALE, url="/Patient?nonsense=1", code="invalid"),
    ),
)
