"""`stepdown lint URL`: whatever a server holds, pages, forwards to or fails at."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from services.cli.main import run
from tests.unit.cli.test_lint import FINE, WRONG, bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Lint = Callable[[str], tuple[object, list[str], str]]

JSON = "application/fhir+json"
SEARCHED = {"type": "Observation", "interaction": [{"code": "search-type"}]}
MANY = 1_050


def page(*resources: dict[str, Any], following: Any = None) -> bytes:  # noqa: ANN401
    link = [{"relation": "self", "url": "x"}, {"relation": "next", "url": following}]
    return json.dumps(bundle(*resources) | ({"link": link} if following else {})).encode()


def capability(*told: object) -> bytes:
    rest = [{"resource": list(told)}]
    return json.dumps({"resourceType": "CapabilityStatement", "rest": rest}).encode()


LINES = b"\n".join(json.dumps(each).encode() for each in (FINE, WRONG, WRONG))
ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "/fhir/metadata": (200, JSON, capability(SEARCHED, {"type": "Basic"}, {"interaction": 1}, 7)),
    "/fhir/Observation?_count=200": (200, JSON, page(WRONG, following="Observation?page=2")),
    "/fhir/Observation?page=2": (200, JSON, page(FINE, WRONG)),
    "/fhir/Observation/one": (200, JSON, json.dumps(WRONG).encode()),
    "/fhir/Patient/linked": (
        200,
        JSON,
        b'{"resourceType": "Patient", "link": [{"type": "seealso"}]}',
    ),
    "/fhir/_history": (200, JSON, page(WRONG)),
    "/fhir?_type=Observation": (200, JSON, page(WRONG)),
    "/files/bundle.json": (200, "text/plain", page(FINE, WRONG)),
    "/files/array.json": (200, "application/json", json.dumps([FINE, WRONG]).encode()),
    "/files/Observation.ndjson": (200, "application/octet-stream", LINES),
    "/files/export": (200, "application/fhir+ndjson", LINES),
    "/moved/Observation": (302, "/fhir/Observation?_count=200", b""),
    "/ring/Observation": (302, "/ring/Observation", b""),
    "/turning/Observation": (200, JSON, page(FINE, following="/turning/Observation?page=2")),
    "/turning/Observation?page=2": (200, JSON, page(FINE, following="/turning/Observation")),
    "/odd/Observation": (200, JSON, page(WRONG, following=7)),
    "/odd/Observation/links": (200, JSON, json.dumps(bundle(WRONG) | {"link": ["x", {}]}).encode()),
    "/html/Observation": (200, "text/html", b"<html></html>"),
    "/down/metadata": (503, JSON, b"{}"),
} | {
    f"/many/Observation?page={n}": (
        200,
        JSON,
        page(*([FINE] * 49), WRONG, following=f"?page={n + 1}" if n < MANY // 50 else None),
    )
    for n in range(1, MANY // 50 + 1)
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, body = ANSWERS.get(self.path, (404, JSON, b"{}"))
        self.send_response(status)
        self.send_header("Location" if status == 302 else "Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lint:
    def ended(address: str) -> tuple[object, list[str], str]:
        monkeypatch.setattr(sys, "argv", ["stepdown", "lint", "--json", address])
        with pytest.raises(SystemExit) as caught:
            run()
        told = capsys.readouterr()
        found = [each["resource"] for each in json.loads(told.out or "[]")]
        return caught.value.code, found, told.err

    return ended


@pytest.mark.parametrize(
    ("path", "defects"),
    [
        ("/fhir", 2),
        ("/fhir/", 2),
        ("/fhir/Observation/one", 1),
        ("/fhir/Patient/linked", 0),
        ("/fhir/_history", 1),
        ("/fhir?_type=Observation", 1),
        ("/files/bundle.json", 1),
        ("/files/array.json", 1),
        ("/files/Observation.ndjson", 2),
        ("/files/export", 2),
        ("/moved/Observation", 2),
        ("/odd/Observation", 1),
        ("/odd/Observation/links", 1),
        ("/many/Observation?page=1", MANY // 50),
    ],
)
def test_whatever_an_address_holds_is_looked_through(
    lint: Lint, base: str, path: str, defects: int
) -> None:
    code, found, _ = lint(f"{base}{path}")

    assert found == ["Observation/wrong"] * defects
    assert code == (1 if defects else 0)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/fhir/Observation/nothing", "answers 404."),
        ("/nothing", "answers 404."),
        ("/down", "/down/metadata answers 503."),
        ("/html/Observation", "is not a FHIR resource in JSON."),
        ("/ring/Observation", "does not answer (TooManyRedirects)."),
        ("/turning/Observation", "is named as the page after itself, or after a later one."),
    ],
)
def test_what_cannot_be_read_to_its_end_is_told(
    lint: Lint, base: str, path: str, said: str
) -> None:
    code, found, told = lint(f"{base}{path}")

    assert (code, found) == (1, [])
    assert said in told
    assert "fault" not in told
