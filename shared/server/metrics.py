"""What a program counts, for Prometheus at `/metrics`: numbers of requests, never of whom.

Every app has a registry of its own, so that several in one process do not mix. Each worker
process counts for itself and says so in the label `worker`; docs/observability.md lists all.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response
from starlette.routing import Route

from shared.fhir.definitions import TYPE_CODE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

_OF: Final = ("service", "worker")
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)

# Every gauge that a service may give, and what it tells.
GAUGES: Final[Mapping[str, str]] = {
    "stepdown_pool_connections_in_use": "Database connections lent to requests.",
    "stepdown_feed_lag_events": "Feed rows committed and not yet handled by this service.",
    "stepdown_feed_parked_streams": "Patients' streams held back behind an event that fails.",
    "stepdown_outbound_waiting": "Requests to siblings and partners not yet answered.",
}


class Metrics:
    """The numbers of one app in one worker process.

    A gauge's function is asked at every scrape and must answer at once, from what is known.
    """

    def __init__(
        self, service: str, worker: int, gauges: Mapping[str, Callable[[], float]]
    ) -> None:
        self.registry = CollectorRegistry()
        of = {"service": service, "worker": str(worker)}
        self._of = tuple(of.values())
        self._requests = Counter(
            "stepdown_requests",
            "Requests answered.",
            (*_OF, "interaction", "type", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "stepdown_request_seconds",
            "Time from a request's arrival to its answer.",
            (*_OF, "interaction"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        for name, ask in gauges.items():
            gauge = Gauge(name, GAUGES[name], _OF, registry=self.registry)
            gauge.labels(**of).set_function(ask)

    def observe(
        self, interaction: str | None, resource_type: str | None, status: int, seconds: float
    ) -> None:
        """Count a request that was answered."""
        known = resource_type if resource_type in TYPE_CODE else None
        self._requests.labels(*self._of, interaction or "", known or "", str(status)).inc()
        self._seconds.labels(*self._of, interaction or "").observe(seconds)

    def text(self) -> bytes:
        """Write all numbers in Prometheus's text format."""
        return generate_latest(self.registry)


def metrics_route(metrics: Metrics) -> Route:
    """Make the route that a Prometheus server scrapes."""

    async def scrape(_: Request) -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Route("/metrics", scrape, methods=["GET"])
