"""Addresses, methods, media types and Binary. https://hl7.org/fhir/R4/http.html#mime-type"""

from tests.conformance.rules.rule import Ask, patient, rule

_TEXT = {"Content-Type": "text/plain"}

RULES = (
    rule(
        "what is not at an address is 404, and what an address does not take is 405",
        Ask("GET", "/Patient/TOKEN", 200),
        Ask("GET", "/Patients/TOKEN", 404, code="not-found"),
        Ask("GET", "/patient/TOKEN", 404, code="not-found"),
        Ask("POST", "/Nonsense", 404, patient(), code="not-found"),
        Ask("GET", "/Patient/TOKEN/$nonsense", 404, code="not-found"),
        Ask(
            "POST",
            "/Patient/TOKEN",
            405,
            patient("TOKEN"),
            headers={"Allow": ".*GET.*PUT.*"},
            code="not-supported",
        ),
        Ask(
            "DELETE",
            "/Patient/TOKEN/_history/1",
            405,
            headers={"Allow": "(GET|HEAD), (GET|HEAD)"},
            code="not-supported",
        ),
    ),
    rule(
        "FHIR's JSON is spoken, and nothing else",
        Ask("GET", "/Patient/TOKEN", 200, sent={"Accept": "application/json"}),
        Ask("GET", "/Patient/TOKEN", 200, sent={"Accept": "application/fhir+xml, */*;q=0.1"}),
        Ask("GET", "/Patient/TOKEN?_format=json", 200, sent={"Accept": "text/html"}),
        Ask("POST", "/Patient", 201, patient(), sent={"Content-Type": "application/json"}),
        Ask(
            "POST",
            "/Patient",
            201,
            patient(),
            sent={"Content-Type": "application/fhir+json; charset=utf-8"},
        ),
        Ask(
            "GET",
            "/Patient/TOKEN",
            406,
            sent={"Accept": "application/fhir+xml"},
            code="not-supported",
        ),
        Ask("GET", "/Patient/TOKEN?_format=xml", 406, code="not-supported"),
        Ask(
            "POST",
            "/Patient",
            415,
            "<Patient/>",
            sent={"Content-Type": "application/fhir+xml"},
            code="not-supported",
        ),
        Ask(
            "POST",
            "/Patient",
            415,
            patient(),
            sent={"Content-Type": "application/fhir+json; charset=latin1"},
            code="not-supported",
        ),
    ),
    rule(
        "an answer is compressed for who asks",
        Ask(
            "GET",
            "/metadata",
            200,
            sent={"Accept-Encoding": "gzip"},
            headers={"Content-Encoding": "gzip"},
        ),
        Ask(
            "GET",
            "/metadata",
            200,
            sent={"Accept-Encoding": "identity"},
            headers={"Content-Encoding": ""},
        ),
    ),
    rule(
        "what is no JSON is refused",
        Ask("POST", "/Patient", 201, '{"resourceType": "Patient"}'),
        Ask("POST", "/Patient", 400, '{"resourceType": "Patient"', code="structure"),
        Ask(
            "POST",
            "/Patient",
            400,
            '{"resourceType": "Patient", "id": "a", "id": "b"}',
            code="structure",
        ),
        Ask("POST", "/Patient", 400, "[]", code="structure"),
    ),
    rule(
        "a Binary is taken as what it is, and not patched",
        Ask(
            "POST",
            "/Binary",
            201,
            "hello",
            sent=_TEXT,
            headers={"Location": ".+/Binary/.+/_history/1"},
        ),
        Ask("PUT", "/Binary/TOKEN-b", 201, "hello", sent=_TEXT),
        Ask("POST", "/Binary", 201, {"resourceType": "Binary", "contentType": "text/plain"}),
        Ask("GET", "/Binary?_count=0", 200),
        Ask("PATCH", "/Binary/TOKEN-b", 405, [], code="not-supported"),
        Ask("POST", "/Patient", 415, "hello", sent=_TEXT, code="not-supported"),
    ),
)
