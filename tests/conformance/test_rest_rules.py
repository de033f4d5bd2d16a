"""Every rule of FHIR's REST outside search: what obeys it is served, and what does not refused.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conformance.rules import RULES
from tests.conformance.rules.rule import (
    JSON,
    TOKEN,
    Ask,
    Rule,
    bundle,
    entry,
    identified,
    observation,
    patient,
)

if TYPE_CHECKING:
    import httpx

LABELS = {
    "tag": [{"system": "http://test.example/tags", "code": "kept"}],
    "security": [{"system": "http://test.example/labels", "code": "guarded"}],
}
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">Told</div>'
TOLD = (("generated", "generated"), ("told", "additional"))
ASKED = [(rule, ask) for rule in RULES for ask in (*rule.accepted, *rule.refused)]


def names(pair: object) -> str:
    return re.sub(r"\W+", "-", str(pair))


@pytest.fixture(scope="session")
async def looked_at(client: httpx.AsyncClient) -> str:
    """The name of what is only read, or asked for in vain."""
    return await _prepared(client)


async def _prepared(client: httpx.AsyncClient) -> str:
    """Make what the rules speak of, and give its name.

    TOKEN: a Patient in its second version, with labels; TOKEN-gone: one deleted; TOKEN-a, TOKEN-b:
    two with the same identifier; TOKEN-referred: one that an Observation, TOKEN-about, is about;
    TOKEN-generated, TOKEN-told: two with narratives, one generated and one by a person.
    """
    token = uuid.uuid4().hex
    about = {"reference": f"Patient/{token}-referred"}
    made = (
        identified(f"{token}-one", token),
        identified(f"{token}-gone", f"{token}-gone"),
        identified(f"{token}-both", f"{token}-a"),
        identified(f"{token}-both", f"{token}-b"),
        identified(f"{token}-referred", f"{token}-referred"),
        observation(id=f"{token}-about", subject=about),
        *(patient(f"{token}-{name}", text={"status": status, "div": DIV}) for name, status in TOLD),
    )
    puts = (entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in made)
    changed = identified(f"{token}-one", token, active=True, meta=LABELS)
    then = (
        entry("PUT", f"Patient/{token}", changed),
        entry("DELETE", f"Patient/{token}-gone"),
    )
    for entries in (puts, then):
        base = str(client.base_url).rstrip("/")
        answer = await client.post(base, json=bundle("transaction", *entries))
        assert answer.status_code == 200, answer.text
    return token


async def _answer(client: httpx.AsyncClient, ask: Ask, token: str) -> httpx.Response:
    content = ask.content(token)
    sent = {} if content is None else {"Content-Type": JSON}
    sent |= {name: value.replace(TOKEN, token) for name, value in ask.sent.items()}
    url = str(client.base_url).rstrip("/") + ask.url.replace(TOKEN, token)
    return await client.request(ask.method, url, content=content, headers=sent)


@pytest.mark.parametrize(
    ("rule", "ask"),
    ASKED,
    ids=[f"{names(rule.says)}-{ask.status}-{number}" for number, (rule, ask) in enumerate(ASKED)],
)
async def test_the_rule_holds(
    client: httpx.AsyncClient, looked_at: str, rule: Rule, ask: Ask
) -> None:
    token = await _prepared(client) if ask.writes else looked_at

    answer = await _answer(client, ask, token)

    assert answer.status_code == ask.status, answer.text[:1000]
    for name, pattern in ask.headers.items():
        assert re.fullmatch(pattern.replace(TOKEN, token), answer.headers.get(name, "")), name
    assert re.search(ask.text.replace(TOKEN, token), answer.text, re.DOTALL), answer.text[:1000]
    if ask.status >= 400 and ask.method != "HEAD":
        outcome = answer.json()
        assert outcome["resourceType"] == "OperationOutcome"
        assert all(issue["diagnostics"] and issue["severity"] for issue in outcome["issue"])
        assert outcome["issue"][0]["code"] == ask.code


@pytest.mark.parametrize("rule", RULES, ids=[names(rule.says) for rule in RULES])
def test_a_refusal_stands_beside_what_is_accepted(rule: Rule) -> None:
    assert rule.accepted
