"""The proxy itself, before a process for each program: each request reaches the one it is for."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from services.ownership import OPERATION_OWNER, owner_of
from services.proxy_configuration import UPSTREAMS, Upstream
from shared.fhir.definitions import RESOURCE_TYPES
from tests.proxy import ABSENT, NGINX, Proxy, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(NGINX is None, reason=ABSENT)

# Answers with its name and with what it was asked, and prints the port that it was given.
ECHO = """
import http.server, json, sys
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        if self.headers.get("X-Answer") == "none":
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        text = json.dumps({"service": sys.argv[1], "path": self.path, "method": self.command,
                           "size": len(body), "headers": dict(self.headers)}).encode()
        self.send_response(int(self.headers.get("X-Answer", "200")))
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Request-Id", self.headers["X-Request-Id"])
        self.end_headers()
        self.wfile.write(text)
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
"""


PAGES = (
    "/",
    "/fhir/metadata",
    "/fhir/metadata?_pretty=true",
    "/docs",
    "/docs/swagger-ui.css",
    "/openapi.json",
    "/health/live",
    "/health/ready",
)


@dataclass
class Echoing(Proxy):
    programs: dict[Upstream, subprocess.Popen[str]]

    def owner(self, path: str, method: str = "GET") -> str:
        answer = self.request(path, method)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json()["path"] == path
        assert answer.json()["method"] == method
        return str(answer.json()["service"])


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def echo(name: Upstream, stack: ExitStack) -> subprocess.Popen[str]:
    process = stack.enter_context(
        subprocess.Popen([sys.executable, "-c", ECHO, name], stdout=subprocess.PIPE, text=True)
    )
    stack.callback(ended, process)
    return process


def opened(folder: Path, stack: ExitStack) -> Echoing:
    programs = {name: echo(name, stack) for name in UPSTREAMS}
    upstreams: dict[Upstream, str] = {}
    for name, process in programs.items():
        assert process.stdout
        upstreams[name] = f"127.0.0.1:{process.stdout.readline().strip()}"
    proxy = started(folder, upstreams, stack)
    return Echoing(proxy.client, proxy.log, programs)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echoing]:
    with ExitStack() as stack:
        yield opened(tmp_path_factory.mktemp("proxy"), stack)


def test_every_type_reaches_its_owner(door: Echoing) -> None:
    for resource_type in RESOURCE_TYPES:
        owner = owner_of(resource_type)
        assert door.owner(f"/fhir/{resource_type}") == owner
        assert door.owner(f"/fhir/{resource_type}/x1", "PUT") == owner
        assert door.owner(f"/fhir/{resource_type}/_search?_id=a%7Cb&name=%C3%A9", "POST") == owner


@pytest.mark.parametrize(
    ("path", "method", "owner"),
    [
        ("/fhir", "POST", "intake"),
        ("/fhir/", "POST", "intake"),
        ("/fhir/metadata/x", "GET", "intake"),
        ("/fhir/Metadata", "GET", "intake"),
        ("/fhir/metadata", "POST", "front-door"),
        ("/fhir/_history?_count=5", "GET", "intake"),
        ("/fhir/_search", "POST", "intake"),
        ("/fhir/$process-message", "POST", "intake"),
        ("/fhir/Patient/x/Observation?code=a", "GET", "progress"),
        ("/fhir/Encounter/x/CarePlan/_search", "POST", "plan"),
        ("/fhir/Patient/x/Encounter", "GET", "intake"),
        ("/fhir/Patient/x/*", "GET", "intake"),
        ("/fhir/Organization/x/Observation", "GET", "intake"),
        ("/fhir/Patient/x/$everything", "GET", "intake"),
        ("/fhir/Patient/x/$progressive", "GET", "intake"),
        ("/fhir/Unheard", "GET", "intake"),
        ("/fhir/observation/x", "GET", "intake"),
        ("/fhir/ObservationX/1", "GET", "intake"),
        ("/fhir/Observation/x/_history/2", "GET", "progress"),
        ("/fhir/Observation/$lastn", "GET", "progress"),
        ("/fhir/Observation/x/$validate", "POST", "progress"),
        ("/fhir/CarePlan?subject=Patient/1", "DELETE", "plan"),
        ("/fhir/CarePlan/x", "PATCH", "plan"),
    ],
)
def test_a_path_reaches_its_owner_unchanged(
    door: Echoing, path: str, method: str, owner: str
) -> None:
    assert door.owner(path, method) == owner


@pytest.mark.parametrize("path", PAGES)
def test_a_page_about_all_services_reaches_the_front_door(door: Echoing, path: str) -> None:
    assert door.owner(path) == "front-door"


@pytest.mark.parametrize(("resource_type", "operation"), OPERATION_OWNER)
def test_an_operation_of_another_service_reaches_it(
    door: Echoing, resource_type: str, operation: str
) -> None:
    owner = owner_of(resource_type, operation)

    assert door.owner(f"/fhir/{resource_type}/${operation}?a=b") == owner
    assert door.owner(f"/fhir/{resource_type}/x1/${operation}", "POST") == owner


@pytest.mark.parametrize(
    "path",
    [
        "/fhirs/Patient",
        "/FHIR/Patient",
        "/metrics",
        "/plan/docs",
        "/plan/openapi.json",
        "/plan/health/ready",
        "/plan/fhir/CarePlan",
        "/documents",
        "/openapi.json/x",
        "/docs/",
        "/health",
        "/fhir/metadata/",
        "/fhir%2Fmetadata",
        "/fhir//Patient",
        "/fhir//",
        "/fhir/Patient/",
        "/fhir/Patient%2Fx",
        "/fhir/Patient/x/%24progress",
        "/fhir/Observation/%2e%2e/Patient",
        "/fhir/Patient;x=1/1",
    ],
)
def test_a_path_of_nothing_or_with_two_readings_is_a_404(door: Echoing, path: str) -> None:
    answer = door.request(path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert answer.json()["issue"][0]["code"] == "not-found"
    assert answer.headers["X-Request-Id"]


def test_a_semicolon_in_the_query_is_no_second_reading(door: Echoing) -> None:
    assert door.owner("/fhir/Patient?name=a;b//c") == "intake"


def test_the_request_id_goes_to_the_service_and_back(door: Echoing) -> None:
    answer = door.request("/fhir/Goal", X_Request_Id="abc-123")
    assert answer.json()["headers"]["X-Request-Id"] == "abc-123"
    assert answer.headers["X-Request-Id"] == "abc-123"

    made = door.request("/fhir/Goal")
    assert len(made.headers["X-Request-Id"]) == 32
    assert made.json()["headers"]["X-Request-Id"] == made.headers["X-Request-Id"]


def test_a_request_id_that_is_no_token_is_replaced(door: Echoing) -> None:
    answer = door.request("/fhir/Goal", X_Request_Id="Doe, Jane")

    assert len(answer.headers["X-Request-Id"]) == 32


def test_a_body_of_40_mb_passes_and_one_of_60_is_refused(door: Echoing) -> None:
    passed = door.request("/fhir", "POST", content=b"x" * 40_000_000)
    refused = door.request("/fhir", "POST", content=b"x" * 60_000_000)

    assert passed.json()["size"] == 40_000_000
    assert refused.status_code == 413
    assert refused.json()["issue"][0]["code"] == "too-long"


def test_a_compressed_body_and_its_headers_pass_untouched(door: Echoing) -> None:
    content = gzip.compress(b"x" * 1000)
    answer = door.request(
        "/fhir/Goal/1",
        "PUT",
        content=content,
        Content_Encoding="gzip",
        Accept_Encoding="gzip",
        If_Match='W/"3"',
        Prefer="return=minimal",
    )

    seen = answer.json()["headers"]
    assert answer.json()["size"] == len(content)
    assert [seen["Content-Encoding"], seen["Accept-Encoding"]] == ["gzip", "gzip"]
    assert [seen["If-Match"], seen["Prefer"]] == ['W/"3"', "return=minimal"]
    assert seen["Host"] == door.client.base_url.netloc.decode()


@pytest.mark.parametrize("status", [400, 404, 410, 413, 422, 500, 502, 503, 504])
def test_an_answer_of_a_service_passes_as_it_is(door: Echoing, status: int) -> None:
    answer = door.request("/fhir/Goal/1", X_Answer=str(status))

    assert answer.status_code == status
    assert answer.json()["service"] == "plan"


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", 503), ("PUT", 503), ("DELETE", 503), ("POST", 504), ("PATCH", 504)],
)
def test_a_service_that_was_reached_and_did_not_answer_may_have_acted(
    door: Echoing, method: str, status: int
) -> None:
    answer = door.request("/fhir/Goal/1", method, X_Answer="none")

    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert ("may have acted" in answer.json()["issue"][0]["diagnostics"]) is (status == 504)
    assert answer.headers["X-Request-Id"]


def test_the_log_names_no_path_and_no_query(door: Echoing) -> None:
    door.request("/fhir/Patient/canary-id?name=canary-name", X_Request_Id="canary canary")
    answer = door.request("/fhir/Patient?name=canary-name")

    while answer.headers["X-Request-Id"] not in (text := door.log.read_text()):
        time.sleep(0.02)
    assert "canary" not in text
    assert " GET intake 200 " in text


def test_a_service_that_is_down_costs_a_503_for_its_own_types_only(tmp_path: Path) -> None:
    with ExitStack() as stack:
        door = opened(tmp_path, stack)
        assert door.owner("/fhir/CarePlan") == "plan"
        ended(door.programs["plan"])

        for method in ("GET", "PUT", "POST"):
            answer = door.request("/fhir/CarePlan/canary?x=canary", method, X_Request_Id="r1")
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.headers["X-Request-Id"] == "r1"
            assert answer.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
            assert answer.json()["resourceType"] == "OperationOutcome"
            assert "plan" in answer.json()["issue"][0]["diagnostics"]
        assert door.owner("/fhir/Observation/1") == "progress"
        assert door.owner("/fhir/Patient/1") == "intake"
        assert door.owner("/fhir/metadata") == "front-door"
    assert "canary" not in (tmp_path / "log").read_text()


def test_a_front_door_that_is_down_costs_a_503_for_its_pages_only(tmp_path: Path) -> None:
    with ExitStack() as stack:
        door = opened(tmp_path, stack)
        assert door.owner("/fhir/metadata") == "front-door"
        ended(door.programs["front-door"])

        for path in PAGES:
            answer = door.request(path)
            assert answer.status_code == 503, path
            assert int(answer.headers["Retry-After"]) > 0
            assert "front-door" in answer.json()["issue"][0]["diagnostics"]
        for resource_type in RESOURCE_TYPES:
            assert door.owner(f"/fhir/{resource_type}/x1") == owner_of(resource_type)
        assert door.owner("/fhir", "POST") == "intake"
        assert door.request("/health/proxy").text == "alive\n"
