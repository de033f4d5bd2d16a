"""The front door as a program of its own: what compose tells it is enough, without a database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import yaml

from tests.programs import free_port

ROOT = Path(__file__).parents[2]


def answered(process: subprocess.Popen[bytes], url: str) -> httpx.Response:
    """Ask until it answers or has ended."""
    while process.poll() is None:
        try:
            return httpx.get(url, timeout=180, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the front door has ended")


def test_it_tells_what_is_served_though_nothing_else_is_there() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    told = compose["services"]["front-door"]["environment"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEPDOWN_")}
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "services.cli", "serve", "front-door", "--open"]
    with subprocess.Popen([*command, "--port", str(port)], env=kept | told) as process:
        try:
            statement = answered(process, f"{address}/fhir/metadata").json()
            health = answered(process, f"{address}/health/ready")
        finally:
            process.terminate()

    assert statement["implementation"]["url"] == told["STEPDOWN_BASE_URL"]
    assert health.status_code == 200
    assert set(health.json()["checks"]) == {"intake_api", "plan_api", "progress_api"}
    assert "ok" not in health.json()["checks"].values()
