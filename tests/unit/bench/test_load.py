"""The load generator against a small server: what is counted, and from when."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.bench.connection import Answer, Request, request
from tests.bench.load import Plan, closed, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.connection import Caller

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@contextmanager
def server(answer: Callable[[int], bytes]) -> Iterator[int]:
    """Answer one connection at a time, with the answer of a request's number."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, answer), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
    thread.join(5)


def _serve(listening: socket.socket, answer: Callable[[int], bytes]) -> None:
    connection, _ = listening.accept()
    with connection:
        number = 0
        while connection.recv(65536):
            connection.sendall(sent := answer(number))
            number += 1
            if sent.startswith(b"HTTP") and b"\r\n\r\n" not in sent:
                break


def asking(heard: list[Answer] | None = None) -> Caller:
    while True:
        answer = yield Request("read", request("GET", "/fhir/Patient/1"))
        if heard is not None:
            heard.append(answer)


def stalling(number: int) -> bytes:
    if number == 10:
        time.sleep(0.3)
    return OK


def hanging_up(number: int) -> bytes:
    return OK if number < 2 else b"HTTP/1.1 200 OK\r\n"


def test_requests_are_planned_evenly_and_at_least_one() -> None:
    plan = Plan(rate=200, seconds=0.5)

    assert [len(plan), plan.at(0), plan.at(1), plan.at(99)] == [100, 0, 0.005, 0.495]
    assert len(Plan(rate=1, seconds=0.1)) == 1


def test_an_open_loop_charges_a_stall_to_all_who_would_have_come() -> None:
    with server(stalling) as port:
        found = opened(port, [asking()], Plan(rate=200, seconds=0.5)).all

    # While it stood still for 0.3 s, sixty were due.
    assert len(found) == 100
    assert sum(each > 0.1 for each in found) >= 30


def test_a_closed_loop_sees_a_stall_once() -> None:
    with server(stalling) as port:
        found = closed(port, [asking()], 0.5).all

    assert sum(each > 0.25 for each in found) == 1


def test_a_caller_hears_the_answer_whole_however_it_arrives() -> None:
    heard: list[Answer] = []
    body = b"x" * 200_000
    head = b"HTTP/1.1 201 Created\r\nContent-Length: 200000\r\n\r\n"

    with server(lambda _: head + body) as port:
        opened(port, [asking(heard)], Plan(rate=100, seconds=0.03))

    assert heard == [Answer(201, head, body)] * 3


def test_an_answer_without_content_needs_no_length() -> None:
    with server(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n") as port:
        found = opened(port, [asking()], Plan(rate=100, seconds=0.05))

    assert found.answers == 5


def test_what_is_refused_is_never_counted_as_answered() -> None:
    refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"

    with server(lambda number: refusal if number % 2 else OK) as port:
        found = opened(port, [asking()], Plan(rate=100, seconds=0.1))

    assert (found.answers, found.weight) == (5, 5)
    assert found.refused == {("read", 400): 5}


def test_a_connection_that_is_closed_ends_the_run() -> None:
    plan = Plan(rate=100, seconds=0.05)

    with server(hanging_up) as port, pytest.raises(ConnectionError):
        opened(port, [asking()], plan)


def test_a_run_does_not_wait_for_ever() -> None:
    plan = Plan(rate=100, seconds=0.05)

    with server(lambda _: b"") as port, pytest.raises(TimeoutError):
        opened(port, [asking()], plan, drain_seconds=0.2)
