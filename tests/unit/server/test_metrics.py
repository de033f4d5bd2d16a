"""Numbers of requests, by worker, without anything a client wrote."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from shared.server.metrics import GAUGES, Metrics, metrics_route
from tests.unit.asgi import ask

DOCUMENT = Path(__file__).parents[3] / "docs" / "observability.md"


def samples(metrics: Metrics) -> dict[tuple[str, str, str], float]:
    """Give the value of each sample by its name, its type and its status."""
    return {
        (sample.name, sample.labels.get("type", "-"), sample.labels.get("status", "-")): (
            sample.value
        )
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_a_request_is_counted_by_interaction_type_and_status() -> None:
    metrics = Metrics("plan", 7, {})
    metrics.observe("read", "CarePlan", 200, 0.01)
    metrics.observe("read", "CarePlan", 200, 0.01)
    metrics.observe("read", "CarePlan", 404, 0.01)

    found = samples(metrics)

    assert found["stepdown_requests_total", "CarePlan", "200"] == 2
    assert found["stepdown_requests_total", "CarePlan", "404"] == 1
    assert found["stepdown_request_seconds_count", "-", "-"] == 3


def test_every_sample_names_its_service_and_worker() -> None:
    metrics = Metrics("plan", 7, {"stepdown_outbound_waiting": lambda: 3})
    metrics.observe("read", "CarePlan", 200, 0.01)

    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            assert sample.labels["service"] == "plan"
            assert sample.labels["worker"] == "7"


def test_two_apps_in_one_process_do_not_mix() -> None:
    plan, progress = Metrics("plan", 7, {}), Metrics("progress", 7, {})
    plan.observe("read", "CarePlan", 200, 0.01)

    assert ("stepdown_requests_total", "CarePlan", "200") in samples(plan)
    assert ("stepdown_requests_total", "CarePlan", "200") not in samples(progress)


def test_what_is_no_type_of_fhir_is_no_label() -> None:
    metrics = Metrics("plan", 7, {})
    metrics.observe(None, "Canary", 404, 0.01)

    assert b"Canary" not in metrics.text()
    assert ("stepdown_requests_total", "", "404") in samples(metrics)


def test_a_gauge_is_asked_at_every_scrape() -> None:
    waiting = [1.0]
    metrics = Metrics("plan", 7, {"stepdown_outbound_waiting": lambda: waiting[0]})
    assert samples(metrics)["stepdown_outbound_waiting", "-", "-"] == 1

    waiting[0] = 5

    assert samples(metrics)["stepdown_outbound_waiting", "-", "-"] == 5


async def test_the_numbers_are_served_as_text() -> None:
    metrics = Metrics("plan", 7, {})
    metrics.observe("read", "CarePlan", 200, 0.01)
    answer = await ask(Starlette(routes=[metrics_route(metrics)]), "/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert 'type="CarePlan"' in answer.text()


def test_every_metric_is_documented() -> None:
    metrics = Metrics("plan", 7, dict.fromkeys(GAUGES, lambda: 0.0))
    metrics.observe("read", "CarePlan", 200, 0.01)
    told = DOCUMENT.read_text()

    for family in text_string_to_metric_families(metrics.text().decode()):
        assert f"`{family.name.removesuffix('_created')}" in told, family.name
