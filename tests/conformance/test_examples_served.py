"""The official R4 examples are stored and come back as they were, outside `id` and `meta`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.fhir.reader import read
from shared.fhir.writer import write
from tests.conformance.refused import REFUSED
from tests.conformance.test_examples import DEFINITIONS, PACKAGE, examples, sample
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

JSON = "application/fhir+json"
# The examples refer to many resources that the package does not have.
TOLD = {"front-door": {"STEPDOWN_EXTERNAL_REFERENCES": "true"}}

pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="var/examples/package is absent: run make examples"
)


@pytest.fixture(scope="module")
def programs(make_database: Callable[[], str]) -> Iterator[Programs]:
    """A Stepdown of their own: the examples are profiles and people for every other test too."""
    with Programs.all_in_one(make_database(), workers=2, told=TOLD) as running:
        yield running


@pytest.fixture
async def http(programs: Programs) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Content-Type": JSON, "Accept": JSON}
    async with httpx.AsyncClient(base_url=programs.fhir, headers=headers, timeout=120) as client:
        yield client


def one_of_each_type_and_some() -> list[Path]:
    """Take the middle one of each type, one in ten of the rest, and all that are refused."""
    of_type: dict[str, list[Path]] = {}
    for path in sorted(sample(), key=lambda each: (each.stat().st_size, each.name)):
        if path.stem not in REFUSED and path.stat().st_size < 100_000:
            of_type.setdefault(path.name.partition("-")[0], []).append(path)
    rest = [path for paths in of_type.values() for path in paths]
    named = [PACKAGE / f"{stem}.json" for stem in REFUSED if stem != "Bundle-dataelements"]
    return sorted({*(paths[len(paths) // 2] for paths in of_type.values()), *rest[::10], *named})


def place(resource: dict[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


async def difference(http: httpx.AsyncClient, raw: bytes, *, is_refused: bool) -> str | None:
    """Store an example and read it; tell what is not as it should be."""
    sent = read(raw)
    answer = await http.put(f"/{place(sent)}", content=raw)
    if is_refused:
        # Nothing can be at an address with an id of 67 characters.
        return None if answer.status_code in {404, 422} else f"answered {answer.status_code}"
    if not answer.is_success:
        return f"{answer.status_code} {answer.text[:300]}"
    found = read((await http.get(f"/{place(sent)}")).content)
    return None if text(found) == text(sent) else "came back otherwise"


def text(resource: dict[str, Any]) -> bytes:
    # The record writes the type first, wherever it came.
    kept = {key: each for key, each in resource.items() if key not in {"id", "meta"}}
    return write({"resourceType": kept.pop("resourceType"), **kept})


async def assert_all_come_back(http: httpx.AsyncClient, paths: list[Path]) -> None:
    # What is defined comes last: a profile would be asked of what claims it.
    paths = sorted(paths, key=lambda path: path.name.startswith(DEFINITIONS))
    found = {}
    for path in paths:
        # The record alone writes its audit.
        if path.name.startswith("AuditEvent-"):
            continue
        told = await difference(http, path.read_bytes(), is_refused=path.stem in REFUSED)
        if told is not None:
            found[path.stem] = told
    assert found == {}


async def test_every_type_and_one_in_ten_of_the_rest_come_back(http: httpx.AsyncClient) -> None:
    await assert_all_come_back(http, one_of_each_type_and_some())


@pytest.mark.long
async def test_all_5306_examples_come_back(http: httpx.AsyncClient) -> None:
    await assert_all_come_back(http, examples())
