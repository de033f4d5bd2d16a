"""Create and conditional create. https://hl7.org/fhir/R4/http.html#create"""

from tests.conformance.rules.rule import Ask, identified, observation, patient, rule

_BORN = r"http://.+/fhir/Patient/[0-9a-f-]{36}/_history/1"
_IDS = "identifier=http://test.example/ids%7C"

RULES = (
    rule(
        "a create says where the resource is",
        Ask(
            "POST",
            "/Patient",
            201,
            patient(active=True),
            headers={"Location": _BORN, "ETag": 'W/"1"', "Last-Modified": ".+ GMT"},
            text='"active":true',
        ),
        Ask("POST", "/Patient", 400, observation(), code="structure"),
        Ask("POST", "/Patient", 400, {"active": True}, code="structure"),
        Ask("POST", "/Patient", 400, "", code="structure"),
    ),
    rule(
        "a create ignores the client's id",
        Ask("POST", "/Patient", 201, patient("TOKEN-mine"), headers={"Location": _BORN}),
    ),
    rule(
        "a create answers with what is preferred",
        Ask("POST", "/Patient", 201, patient(), sent={"Prefer": "return=minimal"}, text="^$"),
        Ask("POST", "/Patient", 201, patient(), sent={"Prefer": "return=representation"}),
        Ask(
            "POST",
            "/Patient",
            201,
            patient(),
            sent={"Prefer": "return=OperationOutcome"},
            text='"resourceType":"OperationOutcome"',
        ),
    ),
    rule(
        "a conditional create makes only what is not there",
        Ask(
            "POST",
            "/Patient",
            201,
            identified("TOKEN-new"),
            sent={"If-None-Exist": f"{_IDS}TOKEN-new"},
            headers={"Location": _BORN},
        ),
        Ask(
            "POST",
            "/Patient",
            200,
            identified("TOKEN-one"),
            sent={"If-None-Exist": f"{_IDS}TOKEN-one"},
            headers={"ETag": 'W/"2"'},
            text='"id":"TOKEN"',
        ),
        Ask(
            "POST",
            "/Patient",
            412,
            identified("TOKEN-both"),
            sent={"If-None-Exist": f"{_IDS}TOKEN-both"},
            code="conflict",
        ),
    ),
    rule(
        "a conditional create needs a criterion that can be used",
        Ask("POST", "/Patient", 201, patient(), sent={"If-None-Exist": "_id=TOKEN-no"}),
        Ask("POST", "/Patient", 400, patient(), sent={"If-None-Exist": ""}, code="invalid"),
        Ask(
            "POST",
            "/Patient",
            400,
            patient(),
            sent={"If-None-Exist": "identifier="},
            code="invalid",
        ),
        Ask(
            "POST", "/Patient", 400, patient(), sent={"If-None-Exist": "nonsense=1"}, code="invalid"
        ),
        Ask("POST", "/Patient", 400, patient(), sent={"If-None-Exist": "_count=1"}, code="invalid"),
        Ask(
            "POST",
            "/Patient",
            400,
            patient(),
            sent={"If-None-Exist": "nonsense=1", "Prefer": "handling=lenient"},
            code="invalid",
        ),
    ),
    rule(
        "a resource is refused with all that is wrong with it, each at its place",
        Ask("POST", "/Observation", 201, observation()),
        Ask(
            "POST",
            "/Observation",
            422,
            observation(status="done", effectiveDateTime="2026-02-30", nonsense=1),
            code="code-invalid",
            text=r"Observation\.status.*Observation\.effective.*nonsense",
        ),
        Ask(
            "POST",
            "/Patient",
            422,
            patient(name=[{"given": ["Ann", 5]}]),
            code="structure",
            text=r'"Patient\.name\[0\]\.given\[1\]"',
        ),
    ),
)
