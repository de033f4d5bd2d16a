"""Delete and conditional delete. https://hl7.org/fhir/R4/http.html#delete"""

from tests.conformance.rules.rule import Ask, rule

_IDS = "identifier=http://test.example/ids%7C"

RULES = (
    rule(
        "a delete is 204, however often",
        Ask("DELETE", "/Patient/TOKEN", 204, headers={"ETag": 'W/"3"'}, text="^$"),
        Ask("DELETE", "/Patient/TOKEN-gone", 204, text="^$"),
        Ask("DELETE", "/Patient/TOKEN-unknown", 204, text="^$"),
    ),
    rule(
        "what others refer to stays",
        Ask("DELETE", "/Observation/TOKEN-about", 204),
        Ask(
            "DELETE",
            "/Patient/TOKEN-referred",
            409,
            code="conflict",
            text="Observation/TOKEN-about",
        ),
        Ask("DELETE", f"/Patient?{_IDS}TOKEN-referred", 409, code="conflict"),
    ),
    rule(
        "a delete with If-Match deletes only that version",
        Ask("DELETE", "/Patient/TOKEN", 204, sent={"If-Match": 'W/"2"'}),
        Ask("DELETE", "/Patient/TOKEN", 412, sent={"If-Match": 'W/"1"'}, code="conflict"),
        Ask("DELETE", "/Patient/TOKEN", 400, sent={"If-Match": "2"}, code="structure"),
    ),
    rule(
        "a conditional delete deletes the one that matches",
        Ask("DELETE", f"/Patient?{_IDS}TOKEN-one", 204),
        Ask("DELETE", f"/Patient?{_IDS}TOKEN-none", 204),
        Ask("DELETE", f"/Patient?{_IDS}TOKEN-both", 412, code="conflict"),
    ),
    rule(
        "a conditional delete needs a criterion, and none is never all",
        Ask("DELETE", "/Patient?_id=TOKEN", 204),
        Ask("DELETE", "/Patient", 400, code="invalid"),
        Ask("DELETE", "/Patient?", 400, code="invalid"),
        Ask("DELETE", "/Patient?identifier=", 400, code="invalid"),
        Ask("DELETE", "/Patient?nonsense=1", 400, code="invalid"),
        Ask(
            "DELETE",
            "/Patient?nonsense=1",
            400,
            sent={"Prefer": "handling=lenient"},
            code="invalid",
        ),
        Ask("DELETE", "/Patient?_count=1", 400, code="invalid"),
        Ask("DELETE", "/Patient/TOKEN?identifier=x", 400, code="invalid"),
    ),
)
