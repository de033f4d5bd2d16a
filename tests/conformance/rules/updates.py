"""Update and conditional update. https://hl7.org/fhir/R4/http.html#update"""

from tests.conformance.rules.rule import Ask, identified, patient, rule

_IDS = "identifier=http://test.example/ids%7C"
_ID_OF_64 = "TOKEN" + "." * 31 + "z"
_SUBSETTED = {
    "tag": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
    ]
}


def _location(version: int, id_: str = "TOKEN") -> dict[str, str]:
    return {"Location": f"http://.+/fhir/Patient/{id_}/_history/{version}"}


RULES = (
    rule(
        "an update makes the next version",
        Ask(
            "PUT",
            "/Patient/TOKEN",
            200,
            patient("TOKEN", gender="female"),
            headers={"ETag": 'W/"3"', "Last-Modified": ".+ GMT"},
            text='"gender":"female"',
        ),
        Ask(
            "PUT",
            "/Patient/TOKEN",
            200,
            patient("TOKEN", gender="female"),
            sent={"Prefer": "return=minimal"},
            text="^$",
        ),
        Ask("PUT", "/Patient/TOKEN", 422, patient("TOKEN", gender="f"), code="code-invalid"),
    ),
    rule(
        "an update under a new id creates, and brings back what was deleted",
        Ask(
            "PUT",
            "/Patient/TOKEN-new",
            201,
            patient("TOKEN-new"),
            headers=_location(1, "TOKEN-new") | {"ETag": 'W/"1"'},
        ),
        Ask(
            "PUT",
            "/Patient/TOKEN-gone",
            201,
            patient("TOKEN-gone"),
            headers=_location(3, "TOKEN-gone") | {"ETag": 'W/"3"'},
        ),
    ),
    rule(
        "an id that a client gives has FHIR's form",
        Ask("PUT", f"/Patient/{_ID_OF_64}", 201, patient(_ID_OF_64)),
        Ask("PUT", f"/Patient/{_ID_OF_64}z", 404, patient(f"{_ID_OF_64}z"), code="not-found"),
        Ask("PUT", "/Patient/TOKEN_x", 404, patient("TOKEN_x"), code="not-found"),
    ),
    rule(
        "an update's resource is the one of its address",
        Ask("PUT", "/Patient/TOKEN", 200, patient("TOKEN")),
        Ask("PUT", "/Patient/TOKEN", 400, {"id": "TOKEN"}, code="structure"),
        Ask("PUT", "/Patient/TOKEN", 400, patient(), code="structure"),
        Ask("PUT", "/Patient/TOKEN", 400, patient("TOKEN-a"), code="structure"),
        Ask(
            "PUT", "/Patient/TOKEN", 400, {"resourceType": "Basic", "id": "TOKEN"}, code="structure"
        ),
    ),
    rule(
        "an update with If-Match changes only that version",
        Ask("PUT", "/Patient/TOKEN", 200, patient("TOKEN"), sent={"If-Match": 'W/"2"'}),
        Ask(
            "PUT",
            "/Patient/TOKEN",
            412,
            patient("TOKEN"),
            sent={"If-Match": 'W/"1"'},
            code="conflict",
        ),
        Ask(
            "PUT",
            "/Patient/TOKEN",
            400,
            patient("TOKEN"),
            sent={"If-Match": "two"},
            code="structure",
        ),
        Ask(
            "PUT",
            "/Patient/TOKEN-new",
            412,
            patient("TOKEN-new"),
            sent={"If-Match": 'W/"1"'},
            code="conflict",
        ),
    ),
    rule(
        "an update with If-None-Match creates and never changes",
        Ask("PUT", "/Patient/TOKEN-new", 201, patient("TOKEN-new"), sent={"If-None-Match": "*"}),
        Ask(
            "PUT",
            "/Patient/TOKEN",
            412,
            patient("TOKEN"),
            sent={"If-None-Match": "*"},
            code="conflict",
        ),
    ),
    rule(
        "an update that changes nothing makes no version",
        Ask(
            "PUT",
            "/Patient/TOKEN",
            200,
            identified("TOKEN-one", "TOKEN", active=True),
            headers={"ETag": 'W/"2"'},
        ),
        Ask(
            "PUT",
            "/Patient/TOKEN",
            200,
            identified("TOKEN-one", "TOKEN", active=False),
            headers={"ETag": 'W/"3"'},
        ),
    ),
    rule(
        "an update carries labels forward",
        Ask("PUT", "/Patient/TOKEN", 200, patient("TOKEN"), text='"guarded"'),
        Ask("PUT", "/Patient/TOKEN", 200, patient("TOKEN", meta={}), text='"kept"'),
        Ask(
            "PUT",
            "/Patient/TOKEN",
            200,
            patient("TOKEN", meta={"tag": [{"code": "new"}]}),
            text="kept.*new|new.*kept",
        ),
    ),
    rule(
        "an update takes no resource of which a part was cut out",
        Ask("PUT", "/Patient/TOKEN", 200, patient("TOKEN", meta={"tag": [{"code": "WHOLE"}]})),
        Ask("PUT", "/Patient/TOKEN", 422, patient("TOKEN", meta=_SUBSETTED), code="processing"),
    ),
    rule(
        "a conditional update makes, changes or refuses by what matches",
        Ask(
            "PUT",
            f"/Patient?{_IDS}TOKEN-new",
            201,
            identified("TOKEN-new"),
            headers={"Location": ".+/_history/1"},
        ),
        Ask(
            "PUT",
            f"/Patient?{_IDS}TOKEN-new",
            201,
            identified("TOKEN-new", "TOKEN-mine"),
            headers=_location(1, "TOKEN-mine"),
        ),
        Ask(
            "PUT",
            f"/Patient?{_IDS}TOKEN-one",
            200,
            identified("TOKEN-one"),
            headers={"ETag": 'W/"3"'},
        ),
        Ask("PUT", f"/Patient?{_IDS}TOKEN-one", 200, identified("TOKEN-one", "TOKEN")),
        Ask(
            "PUT",
            f"/Patient?{_IDS}TOKEN-one",
            400,
            identified("TOKEN-one", "TOKEN-a"),
            code="structure",
        ),
        Ask(
            "PUT",
            f"/Patient?{_IDS}TOKEN-new",
            409,
            identified("TOKEN-new", "TOKEN-a"),
            code="conflict",
        ),
        Ask("PUT", f"/Patient?{_IDS}TOKEN-both", 412, identified("TOKEN-both"), code="conflict"),
    ),
    rule(
        "a conditional update honours If-Match",
        Ask("PUT", f"/Patient?{_IDS}TOKEN-one", 200, patient(), sent={"If-Match": 'W/"2"'}),
        Ask(
            "PUT",
            f"/Patient?{_IDS}TOKEN-one",
            412,
            patient(),
            sent={"If-Match": 'W/"1"'},
            code="conflict",
        ),
    ),
    rule(
        "a conditional update needs a criterion that can be used",
        Ask("PUT", "/Patient?_id=TOKEN", 200, patient()),
        Ask("PUT", "/Patient", 400, patient(), code="invalid"),
        Ask("PUT", "/Patient?", 400, patient(), code="invalid"),
        Ask("PUT", "/Patient?identifier=", 400, patient(), code="invalid"),
        Ask("PUT", "/Patient?nonsense=1", 400, patient(), code="invalid"),
        Ask(
            "PUT",
            "/Patient?nonsense=1",
            400,
            patient(),
            sent={"Prefer": "handling=lenient"},
            code="invalid",
        ),
    ),
)
