"""docker-compose.yml says what it should: its routing, its commands, its files, its secrets."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml
from starlette.routing import Route

from services import front_door
from services import proxy_configuration as proxy
from services.cli.main import app
from services.cli.programs import DEFINITIONS
from services.front_pages import front_pages
from services.ownership import OPERATION_OWNER, SERVICES, owner_of
from shared.fhir.definitions import RESOURCE_TYPES
from shared.server.health import Readiness

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
PROGRAMS = [name for name in CONTAINERS if "build" in CONTAINERS[name]]
CONFIGURATION = (ROOT / "deploy/nginx/stepdown.conf").read_text()
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
HEALTH = {"/health/live", "/health/ready"}
VARIABLE = re.compile(r"\$\{(\w+)(:\?)?")


def a_map(variable: str) -> list[tuple[str, str]]:
    block = re.search(rf"map \$\w+ \${variable} {{\n(.*?)\n    }}", CONFIGURATION, re.DOTALL)
    assert block
    lines = [line.strip().removesuffix(";") for line in block[1].splitlines()]
    return [(key.strip('"'), value) for key, value in (line.rsplit(" ", 1) for line in lines)]


def routed(path: str) -> str:
    """Follow a path through the maps of the configuration, as nginx does, to a container."""
    *services, (_, nowhere) = a_map("service")
    patterns = [(key.removeprefix("~"), name) for key, name in services]
    service = next((name for pattern, name in patterns if re.search(pattern, path)), nowhere)
    return "" if service == nowhere else dict(a_map("upstream"))[service]


async def nothing_found() -> dict[str, str]:
    return {}


def nothing_to_start(_: object) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def option(command: list[str], name: str) -> str:
    return dict(pairwise(command))[name]


def served_at(host_and_port: str) -> str:
    """Name the program that the container at an address serves."""
    host, port = host_and_port.split(":")
    command = CONTAINERS[host]["command"]
    assert command[:2] == ["stepdown", "serve"]
    assert option(command, "--port") == port
    return str(command[2])


def test_the_checked_in_proxy_configuration_is_what_ownership_renders() -> None:
    expected = proxy.render(
        proxy.COMPOSE_UPSTREAMS, resolver=proxy.COMPOSE_RESOLVER, listen=proxy.COMPOSE_LISTEN
    )

    assert expected == CONFIGURATION, "run `make golden`"


def test_every_type_is_routed_to_its_owner() -> None:
    assert len(RESOURCE_TYPES) == 146
    for resource_type in RESOURCE_TYPES:
        for path in ("", "/x1", "/x1/_history/2", "/_search", "/$validate", "/x1/Task"):
            target = routed(f"/fhir/{resource_type}{path}")
            assert served_at(target) == owner_of(resource_type), resource_type + path


@pytest.mark.parametrize(("resource_type", "operation"), OPERATION_OWNER)
def test_an_operation_of_another_service_is_routed_to_it(
    resource_type: str, operation: str
) -> None:
    owner = owner_of(resource_type, operation)

    assert owner != owner_of(resource_type)
    assert served_at(routed(f"/fhir/{resource_type}/${operation}")) == owner
    assert served_at(routed(f"/fhir/{resource_type}/x1/${operation}")) == owner
    assert served_at(routed(f"/fhir/{resource_type}/x1/${operation}s")) == owner_of(resource_type)


@pytest.mark.parametrize(
    "path", ["", "_history", "_search", "metadata/x", "$process-message", "Unheard/1", "x/y/z"]
)
def test_a_system_interaction_and_an_unknown_type_are_routed_to_intake(path: str) -> None:
    assert served_at(routed(f"/fhir/{path}".rstrip("/"))) == "intake"


def test_every_page_of_the_front_door_is_routed_to_it() -> None:
    readiness = Readiness(nothing_found)
    pages = front_pages(DEFINITIONS, readiness, nothing_to_start, base="", version="1")
    paths = {route.path for route in pages.routes if isinstance(route, Route)}

    assert {"/", "/fhir/metadata", "/openapi.json", "/docs", "/docs/start.js"} <= paths
    for path in paths | HEALTH:
        assert served_at(routed(path)) == "front-door", path


@pytest.mark.parametrize("path", ["/metrics", "/plan/docs", "/plan/fhir/Goal", "/docsx", "/fhirs"])
def test_what_is_of_one_service_alone_is_routed_nowhere(path: str) -> None:
    assert dict(a_map("service"))["default"] == '""'
    assert not routed(path)


SAMPLES = ("", "x1", "x1/_history/2", "x1/Observation", "$match", "x1/$everything", "x1/$progress")


def test_the_proxy_and_the_front_door_route_alike() -> None:
    for resource_type in (*RESOURCE_TYPES, "_history", "Unheard", "observation"):
        operations = [f"x1/${name}" for _, name in OPERATION_OWNER]
        for rest in (*SAMPLES, *operations, "$progress", "x1/_history/2/$progress"):
            path = f"{resource_type}/{rest}".rstrip("/")
            assert served_at(routed(f"/fhir/{path}")) == front_door.route(path), path


def test_only_the_proxy_is_published_and_only_on_loopback() -> None:
    published = {name: c["ports"] for name, c in CONTAINERS.items() if "ports" in c}

    assert published == {"proxy": [f"127.0.0.1:8000:{proxy.COMPOSE_LISTEN}"]}
    assert f"listen {proxy.COMPOSE_LISTEN};" in CONFIGURATION


def test_only_the_proxy_leaves_the_internal_network() -> None:
    assert COMPOSE["networks"]["internal"] == {"internal": True}
    for name, container in CONTAINERS.items():
        expected = ["internal", "outside"] if name == "proxy" else ["internal"]
        assert container["networks"] == expected, name


def test_each_program_runs_once_from_the_one_dockerfile() -> None:
    served = [CONTAINERS[name]["command"][2] for name in PROGRAMS if name != "migrate"]

    assert served == list(proxy.UPSTREAMS)
    for name in proxy.UPSTREAMS:
        assert CONTAINERS[name]["build"]["args"] == {"SERVICE": name}
        assert CONTAINERS[name]["image"] == f"stepdown-{name}"
        assert "healthcheck" not in CONTAINERS[name]
    assert "/health/ready" in DOCKERFILE


def test_the_services_wait_for_the_record_and_the_front_door_for_nothing() -> None:
    for name in SERVICES:
        needs = CONTAINERS[name]["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
        assert "STEPDOWN_DATABASE_URL" in CONTAINERS[name]["environment"]
    for container in (CONTAINERS["front-door"], CONTAINERS["proxy"]):
        assert "depends_on" not in container
        assert "STEPDOWN_DATABASE_URL" not in container.get("environment", {})


def test_the_proxys_health_is_its_own() -> None:
    asked = urlsplit(CONTAINERS["proxy"]["healthcheck"]["test"][-1])

    assert f":{asked.port}" == f":{proxy.COMPOSE_LISTEN}"
    block = re.search(rf"location = {asked.path} {{\n(.*?)}}", CONFIGURATION, re.DOTALL)
    assert block
    assert "return 200" in block[1]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_command_is_one_that_the_program_understands(name: str) -> None:
    program, subcommand, *arguments = CONTAINERS[name]["command"]
    commands = vars(typer.main.get_command(app))["commands"]

    assert program == "stepdown"
    assert commands[subcommand].make_context(subcommand, list(arguments))


def test_the_images_own_command_is_the_same_without_open() -> None:
    given = re.search(r'^CMD \["sh", "-c", "exec (.*)"\]$', DOCKERFILE, re.MULTILINE)
    assert given

    for name in proxy.UPSTREAMS:
        own = given[1].replace('\\"$SERVICE\\"', name)
        assert [*own.split(), "--open"] == CONTAINERS[name]["command"]


def test_every_file_named_exists() -> None:
    for name in PROGRAMS:
        build = CONTAINERS[name]["build"]
        assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    mounts = [m for c in CONTAINERS.values() for m in c.get("volumes", []) if m.startswith("./")]
    assert mounts
    for mount in mounts:
        assert (ROOT / mount.split(":")[0]).is_file(), mount


def test_every_file_the_image_copies_exists_and_enters_the_build() -> None:
    admitted = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    copied = {source for line in lines for source in line.split()}

    assert copied == admitted
    for source in copied:
        assert (ROOT / source).exists(), source


def test_every_variable_is_demanded_and_none_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = (ROOT / ".env.example").read_text()

    found = VARIABLE.findall(text)
    assert found
    for name, demanded in found:
        assert demanded, f"{name} has a default or may be absent"
        assert re.search(rf"^{name}=$", example, re.MULTILINE), f"{name} is not in .env.example"


def test_every_volume_and_network_used_is_declared() -> None:
    for container in CONTAINERS.values():
        assert set(container["networks"]) <= set(COMPOSE["networks"])
        for volume in container.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", proxy.UPSTREAMS)
def test_a_service_is_reached_where_it_listens(name: str) -> None:
    for service in SERVICES:
        url = CONTAINERS[name]["environment"][f"STEPDOWN_{service.upper()}_URL"]
        address = re.fullmatch(r"http://(.+)/fhir", url)
        assert address
        assert served_at(address[1]) == service


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name != "database"])
def test_a_program_runs_without_privileges(name: str) -> None:
    container = CONTAINERS[name]

    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert "user" in container or re.search(r"^USER \d+$", DOCKERFILE, re.MULTILINE)
