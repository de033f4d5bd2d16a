"""Reads the requests and answers that a document shows, and plays them on a server.

A fenced block `http` that begins with a method is a request, one that begins with `HTTP/1.1` is the
answer to the request before it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.journey.shown import Names, filled, matched, read_shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import httpx

_BLOCK = re.compile(r"^```http\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FHIR = "application/fhir+json"
# Days of a story: `{D}` is the first, `{D+7}` the seventh after it.
_DAYS = range(-30, 120)


@dataclass(frozen=True, slots=True)
class Message:
    """One block: where it stands, its first line, its headers and its body."""

    line: int
    first: str
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and the answer that the document shows."""

    request: Message
    answer: Message

    @property
    def name(self) -> str:
        return f"line {self.request.line}: {self.request.first}"


@dataclass(frozen=True, slots=True)
class Played:
    """An exchange as it went: what the names stood for before it, and what was answered."""

    exchange: Exchange
    names: Names
    status: int
    answer: Any


def exchanges(text: str) -> list[Exchange]:
    """Read all exchanges of a document, in their order."""
    messages = list(_messages(text))
    requests, answers = messages[::2], messages[1::2]
    for request, answer in zip(requests, answers, strict=True):
        assert not request.first.startswith("HTTP/"), f"line {request.line}: no request"
        assert answer.first.startswith("HTTP/1.1 "), f"line {answer.line}: no answer"
    return [Exchange(*each) for each in zip(requests, answers, strict=True)]


def _messages(text: str) -> Iterator[Message]:
    for block in _BLOCK.finditer(text):
        head, _, body = block[1].partition("\n\n")
        first, *headers = head.strip().split("\n")
        line = text.count("\n", 0, block.start()) + 2
        yield Message(line, first, dict(each.split(": ", 1) for each in headers), body.strip())


def days(first: date) -> Names:
    """Name the days of a story."""
    named = {f"D{n:+d}": (first + timedelta(days=n)).isoformat() for n in _DAYS}
    return named | {"D": first.isoformat()}


def play(exchange: Exchange, http: httpx.Client, names: Names) -> Played:
    """Send a request as the document shows it."""
    method, _, target = filled(exchange.request.first, names).partition(" ")
    headers = {name: filled(text, names) for name, text in exchange.request.headers.items()}
    body = filled(exchange.request.body, names)
    if body:
        json.loads(body)
        headers = {"Content-Type": _FHIR} | headers
    answer = http.request(method, target, content=body.encode() or None, headers=headers)
    told = json.loads(answer.text, parse_float=Decimal) if answer.text else None
    return Played(exchange, names, answer.status_code, told)


def learnt(played: Played) -> Names:
    """Compare an answer with what the document shows, and give all names known after it.

    :raises AssertionError: when the document shows something else.
    """
    shown, name = played.exchange.answer, played.exchange.name
    _, status, _ = shown.first.split(" ", 2)
    assert str(played.status) == status, f"{name} was answered {played.status}: {played.answer}"
    if not shown.body:
        return played.names
    return matched(read_shown(shown.body), played.answer, played.names, name)


def begin(http: httpx.Client) -> Names:
    """Name the days of a story that begins on the next Monday: the clock only moves forward."""
    clock = http.post("/fhir/$clock", json={"resourceType": "Parameters"}).raise_for_status()
    now = datetime.fromisoformat(clock.json()["parameter"][0]["valueInstant"])
    monday = now.date() + timedelta(days=7 - now.weekday())
    return days(monday) | {"base": f"{http.base_url}".rstrip("/") + "/fhir"}


def play_all(story: Sequence[Exchange], http: httpx.Client) -> list[Played]:
    """Play exchanges in their order, each with the names that those before it gave.

    :raises AssertionError: when an answer is not as the document shows it.
    """
    names, told = begin(http), list[Played]()
    for each in story:
        told.append(play(each, http, names))
        names = learnt(told[-1])
    return told
