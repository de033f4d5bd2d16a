"""Renders the configuration of the proxy (nginx) from the ownership table.

What is about all three services, such as the statement, goes to the front door. Pure:
`python -m services.proxy_configuration` prints the rendering that docker-compose.yml mounts.
"""

from __future__ import annotations

import json
import sys
from textwrap import indent
from typing import TYPE_CHECKING, Final, Literal

from services.ownership import (
    DEFAULT_OWNER,
    OPERATION_OWNER,
    OWNED_TYPES,
    SERVICES,
    ServiceName,
)
from shared.server.compartments import COMPARTMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

Upstream = ServiceName | Literal["front-door"]

FRONT_DOOR: Final = "front-door"
UPSTREAMS: Final[tuple[Upstream, ...]] = (*SERVICES, FRONT_DOOR)

# What services/front_pages.py answers; a test holds the two together.
FRONT_PAGES: Final = ("/$", "/fhir/metadata$", r"/openapi\.json$", "/docs(?:/|$)", "/health/")

# The names and ports of docker-compose.yml, and the resolver of every Docker network.
COMPOSE_UPSTREAMS: Final[dict[Upstream, str]] = {name: f"{name}:8000" for name in UPSTREAMS}
COMPOSE_RESOLVER: Final = "127.0.0.11"
COMPOSE_LISTEN: Final = "8000"

_TEMPLATE: Final = r"""# Made by `make golden` from services/ownership.py; a change belongs there.

worker_processes auto;
pid nginx.pid;
# A message of level "error" would quote the request line, and with it what was searched for.
error_log stderr crit;

events {
    worker_connections 1024;
}

http {
    log_format line '$time_iso8601 $request_method $service $status ${request_time}s $trace';
    access_log /dev/stdout line;
    server_tokens off;
    default_type "application/fhir+json; charset=utf-8";

    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
<resolver>
    map $http_x_request_id $trace {
        "~^[A-Za-z0-9._:/+=-]{1,128}$" $http_x_request_id;
        default $request_id;
    }

    # A path has one form, as in services/front_door.py; what two programs could read in two
    # ways is found nowhere.
    map $request_uri $path {
        "~^(?:/|/fhir/|(?:/(?!\.{1,2}(?:[/?]|$))[A-Za-z0-9._$*-]+)+)(?:\?|$)" $uri;
        default "";
    }

    map $path $service {
<services>
        default "";
    }

    map $service $upstream {
<upstreams>
        default "";
    }

    # A service that was reached may have acted. What must not be done twice is then not said to
    # have failed, as services/front_door.py says it.
    map "$request_method $upstream_connect_time" $may_have_acted {
        "~^(?:POST|PATCH) [0-9]" 1;
        default 0;
    }

    server {
        listen <listen>;
        merge_slashes off;
        client_max_body_size 50m;
        large_client_header_buffers 4 64k;

        error_page 404 @unknown;
        error_page 413 @too_large;
        error_page 502 504 = @unavailable;

        # Whether the proxy itself lives, whatever stands behind it.
        location = /health/proxy {
            access_log off;
            default_type text/plain;
            return 200 "alive\n";
        }

        location / {
            if ($upstream = "") {
                return 404;
            }
            # A variable is resolved per request, so a service may be absent when the proxy starts.
            proxy_pass http://$upstream;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Request-Id $trace;
            # A write that may have happened is not sent again: the client decides.
            proxy_next_upstream off;
            proxy_redirect off;
            proxy_connect_timeout 2s;
            proxy_read_timeout 300s;
            # No answer is ever written to a disk here.
            proxy_max_temp_file_size 0;
        }

        location @unknown {
<unknown>
        }

        location @too_large {
<too_large>
        }

        location @unavailable {
            if ($may_have_acted) {
<unknown_outcome>
            }
            add_header Retry-After 1 always;
<unavailable>
        }
    }
}
"""


def render(upstreams: Mapping[Upstream, str], *, resolver: str | None, listen: str) -> str:
    """Write the whole configuration, for programs at the given `host:port` each.

    A resolver is needed where a host is a name rather than an address.
    """
    parts = {
        "resolver": f"\n    resolver {resolver} valid=5s ipv6=off;\n" if resolver else "",
        "services": "\n".join(_routes()),
        "upstreams": "\n".join(f"        {name} {upstreams[name]};" for name in UPSTREAMS),
        "listen": listen,
        "unknown": _outcome(404, "not-found", "Nothing is served at this path."),
        "too_large": _outcome(413, "too-long", "The body is larger than 50 MB."),
        "unknown_outcome": indent(
            _outcome(504, "timeout", "The $service service stopped answering, and may have acted."),
            "    ",
        ),
        "unavailable": _outcome(
            503, "transient", "The $service service does not answer; try again."
        ),
    }
    text = _TEMPLATE
    for name, part in parts.items():
        text = text.replace(f"<{name}>", part)
    return text


def _routes() -> list[str]:
    """List the lines of the map from path to program; the first that matches decides."""
    pages = [(f"^{page}", FRONT_DOOR) for page in FRONT_PAGES]
    others = ("^/fhir(?:/|$)", DEFAULT_OWNER)
    routes = (*_operations(), *_compartments(), *_types(), *pages, others)
    return [f'        "~{path}" {name};' for path, name in routes]


def _operations() -> list[tuple[str, ServiceName]]:
    return [
        (rf"^/fhir/{resource_type}/(?:.+/)?\${operation}$", service)
        for (resource_type, operation), service in sorted(OPERATION_OWNER.items())
    ]


def _compartments() -> list[tuple[str, ServiceName]]:
    """List the searches in compartments, which belong to the owner of what is searched."""
    within = f"(?:{'|'.join(COMPARTMENTS)})"
    return [
        (rf"^/fhir/{within}/[^/]+/(?:{'|'.join(sorted(types))})(?:/|$)", service)
        for service, types in OWNED_TYPES.items()
    ]


def _types() -> list[tuple[str, ServiceName]]:
    return [
        (rf"^/fhir/{resource_type}(?:/|$)", service)
        for service, types in OWNED_TYPES.items()
        for resource_type in sorted(types)
    ]


def _outcome(status: int, code: str, diagnostics: str) -> str:
    issue = {"severity": "error", "code": code, "diagnostics": diagnostics}
    outcome = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    return f"""\
            add_header X-Request-Id $trace always;
            return {status} '{outcome}';"""


if __name__ == "__main__":
    sys.stdout.write(render(COMPOSE_UPSTREAMS, resolver=COMPOSE_RESOLVER, listen=COMPOSE_LISTEN))
