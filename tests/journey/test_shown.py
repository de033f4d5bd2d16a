"""How a document's JSON is held against an answer: what may differ, and what may not."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.journey.document import days, exchanges
from tests.journey.shown import filled, matched, mutants, read_shown

ANSWER: dict[str, Any] = {
    "resourceType": "Task",
    "id": "t-1",
    "for": {"reference": "Patient/p-1"},
    "restriction": {"period": {"end": "2026-03-09"}},
    "note": [{"text": "first"}, {"text": "second"}, {"text": "third"}],
    "input": [{"valueDecimal": Decimal("9.50")}, {"valueBoolean": True}],
}
TRUE = (
    "{…}",
    '{"id": "t-1", …}',
    '{"id": "{task}", "for": {"reference": "Patient/{patient}"}, …}',
    '{"restriction": {"period": {"end": "{D+7}"}}, …}',
    '{"restriction": {"period": …}, …}',
    '{"note": [{"text": "first"}, …], …}',
    '{"note": […, {"text": "second"}, …], …}',
    '{"note": [{"text": "f…"}, …, {"text": "third"}], …}',
    '{"input": [{"valueDecimal": 9.50}, {"valueBoolean": true}], …}',
)
FALSE = (
    "{}",
    '{"id": "t-1"}',
    '{"id": "t-2", …}',
    '{"status": "requested", …}',
    '{"for": {"reference": "Patient/{task}"}, "id": "{task}", …}',
    '{"restriction": {"period": {"end": "{D+6}"}}, …}',
    '{"note": [{"text": "first"}], …}',
    '{"note": [{"text": "second"}, …], …}',
    '{"note": [{"text": "third"}, {"text": "second"}, …], …}',
    '{"note": [{"text": "f"}, …], …}',
    '{"input": [{"valueDecimal": 9.50}, {"valueBoolean": 1}], …}',
    '{"input": {"valueDecimal": 9.50}, …}',
)
NAMES = days(date(2026, 3, 2))
PAGE = """\
Somebody asks:

```http
GET /fhir/Task/{task}
X-Stepdown-Actor: Patient/1
```

```http
HTTP/1.1 200 OK

{"resourceType": "Task", …}
```
"""


@pytest.mark.parametrize("shown", TRUE)
def test_what_is_so_matches(shown: str) -> None:
    matched(read_shown(shown), ANSWER, NAMES, "here")


@pytest.mark.parametrize("shown", FALSE)
def test_what_is_not_so_is_refused(shown: str) -> None:
    with pytest.raises(AssertionError, match=r"^here: the answer differs at "):
        matched(read_shown(shown), ANSWER, NAMES, "here")


def test_a_name_stands_for_what_was_found_first() -> None:
    known = matched(read_shown('{"id": "{task}", …}'), ANSWER, {}, "here")

    assert known == {"task": "t-1"}
    assert filled("GET /fhir/Task/{task}", known) == "GET /fhir/Task/t-1"
    with pytest.raises(AssertionError):
        matched({"id": "{task}"}, {"id": "t-2"}, known, "here")


def test_a_name_that_nothing_gave_cannot_be_asked_with() -> None:
    with pytest.raises(KeyError, match="task"):
        filled("GET /fhir/Task/{task}", {})


def test_every_mutant_of_what_is_so_is_refused() -> None:
    whole = json.loads(json.dumps(ANSWER, default=float), parse_float=Decimal)
    wrong = list(mutants(whole))

    assert len(wrong) > 20
    for each in wrong:
        with pytest.raises(AssertionError):
            matched(each, ANSWER, {}, "here")


def test_a_document_gives_its_exchanges() -> None:
    [exchange] = exchanges(PAGE)

    assert exchange.name == "line 4: GET /fhir/Task/{task}"
    assert exchange.request.headers == {"X-Stepdown-Actor": "Patient/1"}
    assert (exchange.answer.first, exchange.answer.line) == ("HTTP/1.1 200 OK", 9)


@pytest.mark.parametrize(("block", "what"), [("GET", "no request"), ("HTTP/1.1", "no answer")])
def test_a_block_out_of_place_is_refused(block: str, what: str) -> None:
    other = {"GET": "HTTP/1.1 200 OK", "HTTP/1.1": "GET /fhir"}[block]
    lines = [other if line.startswith(block) else line for line in PAGE.splitlines(keepends=False)]

    with pytest.raises(AssertionError, match=what):
        exchanges("\n".join(lines) + "\n")
