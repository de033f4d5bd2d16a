"""Capabilities, read, vread and history. https://hl7.org/fhir/R4/http.html#read"""

from tests.conformance.rules.rule import Ask, rule

_DATE = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
_LATER = "Fri, 01 Jan 2100 00:00:00 GMT"
_EARLIER = "Sat, 01 Jan 2000 00:00:00 GMT"

RULES = (
    rule(
        "capabilities are given once to who has them",
        Ask("GET", "/metadata", 200, headers={"ETag": r'W/".+"'}, text='"fhirVersion":"4.0.1"'),
        Ask("HEAD", "/metadata", 200, text="^$"),
        Ask("GET", "/metadata", 200, sent={"If-None-Match": 'W/"0"'}),
        Ask("GET", "/metadata", 304, sent={"If-None-Match": "*"}, text="^$"),
        Ask(
            "POST",
            "/metadata",
            405,
            headers={"Allow": "GET, HEAD"},
            code="not-supported",
        ),
    ),
    rule(
        "a read gives the version and its time",
        Ask(
            "GET",
            "/Patient/TOKEN",
            200,
            headers={"ETag": 'W/"2"', "Last-Modified": _DATE, "Content-Type": r".*fhir\+json.*"},
        ),
        Ask("HEAD", "/Patient/TOKEN", 200, headers={"ETag": 'W/"2"'}, text="^$"),
        Ask("GET", "/Patient/TOKEN-unknown", 404, code="not-found"),
        Ask("HEAD", "/Patient/TOKEN-unknown", 404, text="^$"),
        Ask("GET", "/Patient/TOKEN-gone", 410, code="deleted"),
    ),
    rule(
        "a read that brings nothing new is 304",
        Ask("GET", "/Patient/TOKEN", 304, sent={"If-None-Match": 'W/"2"'}, text="^$"),
        Ask("GET", "/Patient/TOKEN", 304, sent={"If-None-Match": 'W/"1", W/"2"'}, text="^$"),
        Ask("GET", "/Patient/TOKEN", 200, sent={"If-None-Match": 'W/"1"'}),
        Ask("GET", "/Patient/TOKEN", 304, sent={"If-Modified-Since": _LATER}, text="^$"),
        Ask("GET", "/Patient/TOKEN", 200, sent={"If-Modified-Since": _EARLIER}),
    ),
    rule(
        "a read may be laid out",
        Ask("GET", "/Patient/TOKEN?_pretty=true", 200, text='\n  "resourceType"'),
        Ask("GET", "/Patient/TOKEN?_pretty=false", 200, text='^{"resourceType"'),
        Ask("GET", "/Patient/TOKEN?nonsense=1", 400, code="invalid"),
    ),
    rule(
        "a read may be cut, and says so",
        Ask("GET", "/Patient/TOKEN?_summary=true", 200, text='"identifier"'),
        Ask("GET", "/Patient/TOKEN?_summary=text", 200, text='"SUBSETTED".*"active":true'),
        Ask("GET", "/Patient/TOKEN-told?_summary=data", 200, text='"code":"SUBSETTED"'),
        Ask("GET", "/Patient/TOKEN?_elements=active", 200, text='"code":"SUBSETTED"'),
        Ask("GET", "/Patient/TOKEN?_summary=false", 200, text='"identifier"'),
        Ask("HEAD", "/Patient/TOKEN?_elements=active", 200, text="^$"),
        Ask("GET", "/Patient/TOKEN/_history/2?_elements=active", 200, text='"SUBSETTED"'),
        Ask("GET", "/Patient/TOKEN/_history?_elements=active", 200, text='"SUBSETTED"'),
        Ask("GET", "/Patient?_id=TOKEN&_elements=active", 200, text='"SUBSETTED"'),
        Ask("GET", "/Patient?_id=TOKEN&_summary=text", 200, text='"SUBSETTED"'),
        Ask("GET", "/Patient/TOKEN?_summary=count", 400, code="invalid"),
        Ask("GET", "/Patient/TOKEN?_summary=most", 400, code="invalid"),
        Ask("GET", "/Patient/TOKEN?_elements=nothing", 400, code="invalid"),
        Ask("GET", "/Patient/TOKEN?_elements=active&_summary=true", 400, code="invalid"),
        Ask("GET", "/Patient/TOKEN/_history/2?_elements=nothing", 400, code="invalid"),
        Ask("GET", "/Patient/TOKEN/_history?_elements=nothing", 400, code="invalid"),
        Ask("GET", "/Patient?_id=TOKEN&_elements=nothing", 400, code="invalid"),
    ),
    rule(
        "a vread gives that version",
        Ask("GET", "/Patient/TOKEN/_history/1", 200, headers={"ETag": 'W/"1"'}),
        Ask("HEAD", "/Patient/TOKEN/_history/2", 200, headers={"ETag": 'W/"2"'}, text="^$"),
        Ask("GET", "/Patient/TOKEN/_history/1", 304, sent={"If-None-Match": 'W/"1"'}),
        Ask("GET", "/Patient/TOKEN-gone/_history/1", 200, headers={"ETag": 'W/"1"'}),
        Ask("GET", "/Patient/TOKEN/_history/3", 404, code="not-found"),
        Ask("GET", "/Patient/TOKEN/_history/0", 404, code="not-found"),
        Ask("GET", "/Patient/TOKEN/_history/x", 404, code="not-found"),
        Ask(
            "GET", "/Patient/TOKEN-gone/_history/2", 410, headers={"ETag": 'W/"2"'}, code="deleted"
        ),
    ),
    rule(
        "a history is newest first, with request and response",
        Ask(
            "GET",
            "/Patient/TOKEN/_history",
            200,
            text='"type":"history".*"versionId":"2".*"request":.*"versionId":"1".*"response":',
        ),
        Ask("GET", "/Patient/TOKEN-gone/_history", 200, text='"method":"DELETE"'),
        Ask("HEAD", "/Patient/TOKEN/_history", 200, text="^$"),
        Ask("GET", "/Patient/TOKEN-unknown/_history", 404, code="not-found"),
    ),
    rule(
        "a history is paged",
        Ask("GET", "/Patient/TOKEN/_history?_count=1", 200, text='"relation":"next"'),
        Ask("GET", "/Patient/_history?_count=1", 200, text='"relation":"next"'),
        Ask("GET", "/_history?_count=1", 200, text='"relation":"next"'),
        Ask("GET", "/Patient/TOKEN/_history?_count=-1", 400, code="invalid"),
        Ask("GET", "/Patient/_history?_count=x", 400, code="invalid"),
        Ask("GET", "/_history?_count=x", 400, code="invalid"),
    ),
    rule(
        "a history is told of a time",
        Ask("GET", "/Patient/TOKEN/_history?_since=2000-01-01T00:00:00Z", 200, text='"entry"'),
        Ask("GET", "/Patient/TOKEN/_history?_since=2100-01-01T00:00:00Z", 200),
        Ask("GET", "/Patient/_history?_since=2000-01-01T00:00:00Z&_count=1", 200, text='"entry"'),
        Ask("GET", "/_history?_since=2000-01-01T00:00:00Z&_count=1", 200, text='"entry"'),
        Ask("GET", "/Patient/TOKEN/_history?_at=2100", 200, text='"versionId":"2"'),
        Ask("GET", "/Patient/_history?_at=2000", 200),
        Ask("GET", "/_history?_at=2000", 200),
        Ask("GET", "/Patient/TOKEN/_history?_since=yesterday", 400, code="invalid"),
        Ask("GET", "/Patient/TOKEN/_history?_at=now", 400, code="invalid"),
        Ask("GET", "/Patient/TOKEN/_history?nonsense=1", 400, code="invalid"),
    ),
)
