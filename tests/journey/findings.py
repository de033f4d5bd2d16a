"""Reads the searches of a document, each with what it says that is found, and plays them.

In a block `http` a request goes up to `→`, behind which stands what is found: ids, `+` and those
included, `;` and a total or links; or a status, and how its outcome begins. Where a request has no
`→`, the next block is its whole answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.journey.shown import Names, matched, mutants, read_shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

_BLOCK = re.compile(r"^```http\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_REQUEST = re.compile(r"(GET|POST|PUT) (/fhir\S*)")
_REFUSED = re.compile(r"(\d{3})(?: (.+))?")
_ARROW = "→ "
_FHIR = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: matches in their order, what is beside them, the total and links."""

    matches: tuple[str, ...]
    included: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Said:
    """A status, and how the outcome begins."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A whole answer, as a document shows JSON."""

    content: Any


Answer = Found | Said | Shown


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of a document, and its answer there."""

    line: int
    method: str
    target: str
    headers: dict[str, str]
    body: str
    answer: Answer | None

    @property
    def name(self) -> str:
        return f"line {self.line}: {self.method} {self.target}"


def asks(text: str) -> list[Ask]:
    """Read all requests of a document, in their order."""
    found = list[Ask]()
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 2
        if block[1].startswith("HTTP/1.1 "):
            assert found[-1].answer is None, f"line {line}: an answer without a request"
            shown = Shown(read_shown(block[1].partition("\n\n")[2]))
            found[-1] = replace(found[-1], answer=shown)
        else:
            found += _requests(block[1].splitlines(), line)
    assert all(each.answer for each in found), [each.name for each in found if not each.answer]
    return found


def _requests(lines: list[str], first: int) -> Iterator[Ask]:
    asked = list[str]()
    for line, text in enumerate(lines, first):
        if text.startswith(_ARROW):
            yield _ask(asked, line, claim(text.removeprefix(_ARROW)))
            asked = []
        elif asked or text:
            asked.append(text)
    if asked:
        yield _ask(asked, first + len(lines), None)


def _ask(asked: list[str], end: int, answer: Answer | None) -> Ask:
    head, _, body = "\n".join(asked).partition("\n\n")
    request, *headers = head.split("\n")
    found = _REQUEST.fullmatch(request)
    assert found, f"line {end - len(asked)}: {request} is no request"
    told = dict(each.split(": ", 1) for each in headers)
    return Ask(end - len(asked), found[1], found[2], told, body.strip(), answer)


def claim(text: str) -> Found | Said:
    """Read what stands behind an arrow."""
    refused = _REFUSED.fullmatch(text)
    if refused:
        return Said(int(refused[1]), refused[2] or "")
    ids, _, notes = text.partition("; ")
    matches, _, included = ids.partition(" + ")
    of_matches = () if matches == "none" else _listed(matches)
    return Found(of_matches, frozenset(_listed(included)), frozenset(_listed(notes)))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


def send(ask: Ask, http: httpx.Client, names: Names) -> httpx.Response:
    """Send a request as the document shows it."""
    headers = ({"Content-Type": _FHIR} if ask.body else {}) | ask.headers
    target = _filled(ask.target, names)
    return http.request(ask.method, target, content=ask.body or None, headers=headers)


def _filled(text: str, names: Names) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def compare(ask: Ask, answer: httpx.Response, names: Names) -> Names:
    """Compare an answer with what the document says, and give all names known after it.

    :raises AssertionError: when the document says something else.
    """
    said, told = ask.answer, json.loads(answer.text, parse_float=Decimal)
    if isinstance(said, Shown):
        assert answer.status_code == 200, f"{ask.name}: {answer.text}"
        return matched(said.content, told, names, ask.name)
    if isinstance(said, Said):
        status, texts = answer.status_code, [each["diagnostics"] for each in told.get("issue", ())]
        is_said = not said.text or any(each.startswith(said.text) for each in texts)
        assert (status, is_said) == (said.status, True), f"{ask.name}: {status} {texts}"
    else:
        assert told.get("type") == "searchset", f"{ask.name}: {answer.text}"
        assert _found(told) == said, ask.name
    return names


def _found(bundle: Any) -> Found:  # noqa: ANN401
    by_mode: dict[str, list[str]] = {"match": [], "include": []}
    for each in bundle.get("entry", ()):
        by_mode[each["search"]["mode"]].append(each["resource"]["id"])
    assert len(set(by_mode["include"])) == len(by_mode["include"])
    notes = {each["relation"] for each in bundle["link"]} - {"self", "first"}
    notes |= {f"total {bundle['total']}"} if "total" in bundle else set()
    return Found(tuple(by_mode["match"]), frozenset(by_mode["include"]), frozenset(notes))


def otherwise(ask: Ask) -> Iterator[Ask]:
    """Give copies of a request that each say one thing of its answer otherwise."""
    said = ask.answer
    if isinstance(said, Said):
        yield replace(ask, answer=replace(said, status=said.status + 1))
        yield replace(ask, answer=replace(said, text=f"Not so. {said.text}"))
    elif isinstance(said, Found):
        yield from (replace(ask, answer=each) for each in _others(said))
    elif said is not None:
        yield from (replace(ask, answer=Shown(each)) for each in mutants(said.content))


def _others(said: Found) -> Iterator[Found]:
    yield replace(said, matches=(*said.matches, "nobody"))
    yield replace(said, included=said.included | {"nobody"})
    yield replace(said, notes=said.notes ^ {"next"})
    if said.matches:
        yield replace(said, matches=said.matches[1:])
    if len(said.matches) > 1:
        yield replace(said, matches=said.matches[::-1])
    for each in said.included:
        yield replace(said, included=said.included - {each})
    for each in said.notes:
        yield replace(said, notes=said.notes - {each} | {f"{each}0"})
