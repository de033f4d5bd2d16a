"""The proxy before the programs themselves: it and the front door are one and the same."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.ownership import SERVICES, owner_of
from services.proxy_configuration import UPSTREAMS
from tests.proxy import ABSENT, NGINX, Proxy, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs

pytestmark = pytest.mark.skipif(NGINX is None, reason=ABSENT)

OF_EACH: list[dict[str, Any]] = [
    {"resourceType": "Patient", "id": "proxied"},
    {
        "resourceType": "CarePlan",
        "id": "proxied",
        "status": "draft",
        "intent": "plan",
        "subject": {"reference": "Patient/proxied"},
    },
    {
        "resourceType": "Observation",
        "id": "proxied",
        "status": "final",
        "code": {"text": "synthetic"},
        "subject": {"reference": "Patient/proxied"},
    },
]


PAGES = ("/", "/docs", "/docs/start.js", "/openapi.json", "/health/live", "/health/ready")


@pytest.fixture(scope="module")
def proxy(stack: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    upstreams = {name: f"127.0.0.1:{stack.ports[name]}" for name in UPSTREAMS}
    with ExitStack() as exits:
        yield started(tmp_path_factory.mktemp("proxy"), upstreams, exits)


def types_in(statement: dict[str, Any]) -> set[str]:
    return {resource["type"] for resource in statement["rest"][0]["resource"]}


def put(proxy: Proxy, resource: dict[str, Any]) -> httpx.Response:
    path = f"/fhir/{resource['resourceType']}/{resource['id']}"
    content = json.dumps(resource).encode()
    return proxy.request(path, "PUT", content=content, Content_Type="application/fhir+json")


def test_a_resource_of_each_service_is_written_and_read_through_the_proxy(
    proxy: Proxy, stack: Programs
) -> None:
    for resource in OF_EACH:
        written = put(proxy, resource)
        assert written.status_code in (200, 201), written.text
        path = f"/{resource['resourceType']}/{resource['id']}"
        assert proxy.request(f"/fhir{path}").json() == httpx.get(stack.fhir + path).json()


@pytest.mark.parametrize(
    "path",
    [
        "/Observation/absent",
        "/Unheard/1",
        "/observation/1",
        "/Patient/x/$progress",
        "/Patient//x",
        "/Patient/x/",
        "/Patient/%2e%2e/Goal",
        "/Patient/x%2Fy",
        "/CarePlan?unheard=1",
    ],
)
def test_the_proxy_answers_as_the_front_door_does(proxy: Proxy, stack: Programs, path: str) -> None:
    answer, expected = proxy.request(f"/fhir{path}"), httpx.get(stack.fhir + path)

    assert answer.status_code == expected.status_code
    assert answer.headers["Content-Type"] == expected.headers["Content-Type"]
    assert answer.json()["issue"][0]["code"] == expected.json()["issue"][0]["code"]


def test_the_statement_is_the_front_doors_own_and_the_union_of_all_three(
    proxy: Proxy, stack: Programs
) -> None:
    statement = proxy.request("/fhir/metadata").json()

    assert statement == httpx.get(f"{stack.fhir}/metadata").json()
    assert statement["implementation"]["url"] == stack.fhir
    of_each = [types_in(httpx.get(f"{stack.base(name)}/metadata").json()) for name in SERVICES]
    assert set.union(*of_each) == types_in(statement)
    assert all(types < types_in(statement) for types in of_each)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_the_front_doors_own(proxy: Proxy, stack: Programs, path: str) -> None:
    answer, expected = proxy.request(path), httpx.get(stack.fhir.removesuffix("/fhir") + path)

    assert (answer.status_code, answer.content) == (200, expected.content)
    assert answer.headers["Content-Type"] == expected.headers["Content-Type"]


def test_every_file_that_the_documentation_needs_is_there(proxy: Proxy) -> None:
    named = re.findall(r'(?:src|href)="([^"]+)"', proxy.request("/docs").text)

    assert "docs/swagger-ui-bundle.js" in named
    for name in named:
        assert proxy.request(f"/{name}").status_code == 200, name


def test_a_killed_front_door_costs_its_pages_only_and_comes_back(
    proxy: Proxy, stack: Programs
) -> None:
    stack.kill("front-door")
    for path in ("/fhir/metadata", *PAGES):
        answer = proxy.request(path)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    for resource in OF_EACH:
        assert put(proxy, resource).is_success
    stack.start("front-door")

    assert proxy.request("/fhir/metadata").status_code == 200


def test_a_killed_service_costs_its_own_types_only_and_comes_back(
    proxy: Proxy, stack: Programs
) -> None:
    for resource in OF_EACH:
        assert put(proxy, resource).is_success
    stack.kill("plan")
    for resource in OF_EACH:
        resource_type = resource["resourceType"]
        for answer in (
            proxy.request(f"/fhir/{resource_type}/proxied"),
            httpx.get(f"{stack.fhir}/{resource_type}/proxied"),
        ):
            is_dead = owner_of(resource_type) == "plan"
            assert answer.status_code == (503 if is_dead else 200)
            assert ("Retry-After" in answer.headers) is is_dead
    stack.start("plan")

    assert proxy.request("/fhir/CarePlan/proxied").status_code == 200
