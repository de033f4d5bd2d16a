"""@medplum/core, unchanged, run by Node. https://www.medplum.com/docs/sdk"""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.programs import Programs

PACKAGE = Path(__file__).parents[2] / "var/medplum/package"
SCRIPT = Path(__file__).with_name("medplum_client.mjs")
FAMILY = f"Synthetic-{uuid.uuid4().hex}"
NODE = shutil.which("node")
MINIMUM = 20

pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="var/medplum/package is absent: run make clients"
)


@pytest.fixture(scope="module")
def node() -> str:
    """A Node that the package runs on."""
    if NODE is None:
        pytest.skip("node is not installed")
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < MINIMUM:
        pytest.skip(f"the package needs Node {MINIMUM}; here is {version.strip()}")
    return NODE


@pytest.fixture(scope="module")
def told(node: str, all_in_one: Programs) -> dict[str, Any]:
    """What the client was answered, from its first request to its last."""
    origin = all_in_one.fhir.removesuffix("fhir")
    command = [node, str(SCRIPT), str(PACKAGE), origin, FAMILY]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_a_resource_is_created_read_updated_and_patched(told: dict[str, Any]) -> None:
    assert told["read"] == told["created"]
    assert told["updated"]["active"] is True
    assert (told["patched"]["gender"], told["patched"]["active"]) == ("female", True)
    assert told["patched"]["meta"]["versionId"] == "3"


def test_a_history_and_its_versions_are_read(told: dict[str, Any]) -> None:
    versions = [each["resource"]["meta"]["versionId"] for each in told["history"]["entry"]]

    assert versions == ["3", "2", "1"]
    assert told["firstVersion"] == told["created"]


def test_a_search_is_paged_to_its_end(told: dict[str, Any]) -> None:
    assert [len(page) for page in told["pages"]] == [2, 2, 1]
    assert len({each for page in told["pages"] for each in page}) == 5


def test_a_transaction_is_answered_in_the_order_of_its_entries(told: dict[str, Any]) -> None:
    observation, patient = (each["resource"] for each in told["transaction"]["entry"])

    assert told["transaction"]["type"] == "transaction-response"
    assert observation["subject"]["reference"] == f"Patient/{patient['id']}"


def test_a_conditional_create_and_update_find_what_is_there(told: dict[str, Any]) -> None:
    assert told["again"] == told["once"]
    assert (told["upserted"]["id"], told["upserted"]["active"]) == (told["once"]["id"], True)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("invalid", "code-invalid"),
        ("stale", "conflict"),
        ("gone", "deleted"),
        ("absent", "not-found"),
    ],
)
def test_a_refusal_is_the_client_s_own_error(
    told: dict[str, Any], request_: str, code: str
) -> None:
    refusal = told[request_]

    assert (refusal["own"], refusal["code"]) == (True, code)
    assert refusal["diagnostics"]


def test_a_refusal_names_its_place(told: dict[str, Any]) -> None:
    assert told["invalid"]["expression"] == ["Observation.status"]
