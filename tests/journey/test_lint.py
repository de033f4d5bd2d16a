"""`stepdown lint` on a running server: an address, or all that its base can search for."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.unit.cli.test_lint import FINE, TOTAL, WRONG

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs


def lint(*arguments: str) -> tuple[int, Any]:
    command = [sys.executable, "-m", "services.cli", "lint", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout or "null")


async def test_a_server_is_looked_through_page_by_page(
    all_in_one: Programs, client: httpx.AsyncClient
) -> None:
    for each in (FINE, WRONG | {"id": "w1"}, WRONG | {"id": "w2"}):
        answer = await client.put(f"Observation/{each['id']}", json=each | {"status": "final"})
        assert answer.is_success, answer.text
    base, code = all_in_one.fhir, TOTAL["coding"][0]["code"]

    assert lint(f"{base}/Observation/fine") == (0, [])
    assert {each["resource"] for each in lint(f"{base}/Observation?code={code}&_count=1")[1]} == {
        "Observation/w1",
        "Observation/w2",
    }
    # What the services publish about themselves is looked at too, and is as it should be.
    status, findings = lint(base)
    assert status == 1
    assert sorted(each["resource"] for each in findings) == ["Observation/w1", "Observation/w2"]


def test_an_address_that_does_not_answer_is_told(all_in_one: Programs) -> None:
    assert lint(f"{all_in_one.fhir}/Observation/nothing") == (1, None)
    assert lint("http://127.0.0.1:9/fhir") == (1, None)
