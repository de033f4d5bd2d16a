"""What the callers of each workload ask, one request after the other."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Final

from shared.fhir.reader import read
from shared.fhir.writer import write
from tests.bench.connection import Request, request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.connection import Caller
    from tests.bench.samples import Samples
    from tests.bench.shapes import Shape

CRUD_TYPES: Final = (
    "Patient",
    "Location",
    "Organization",
    "Practitioner",
    "Encounter",
    "Observation",
    "MedicationRequest",
    "Claim",
    "ExplanationOfBenefit",
)
# Beyond all keys that a record gives in its life.
_CEILING_KEYS: Final = 1 << 48
_LOCATION: Final = re.compile(rb"\r\nlocation: *\S*/([A-Za-z]+/[^/\s]+)/_history", re.IGNORECASE)


def reading(samples: Samples, seed: int) -> Caller:
    """Read one resource after the other, at random; the ceiling answers the same address."""
    chance = random.Random(seed)
    while True:
        yield Request("read", request("GET", f"/fhir/{chance.choice(samples.keys)}"))


def changing(contents: Mapping[str, Sequence[bytes]], seed: int) -> Caller:
    """Create a resource, read it, update it and delete it, then one of another type."""
    chance = random.Random(seed)
    while True:
        name = chance.choice(CRUD_TYPES)
        content = chance.choice(contents[name])
        answer = yield Request("create", request("POST", f"/fhir/{name}", content))
        found = _LOCATION.search(answer.head)
        if found is None:
            continue
        key = found[1].decode()
        yield Request("read", request("GET", f"/fhir/{key}"))
        again = changed(content, key.partition("/")[2])
        yield Request("update", request("PUT", f"/fhir/{key}", again))
        yield Request("delete", request("DELETE", f"/fhir/{key}"))


def changing_bare(names: Sequence[str], seed: int) -> Caller:
    """Ask the ceiling for the same: of each type it knows a create, an update and a delete."""
    chance = random.Random(seed)
    pk = _CEILING_KEYS + seed * (1 << 32)
    while True:
        pk += 1
        at = chance.randrange(len(names))
        yield Request("create", request("GET", f"/write/{3 * at}/{pk}"))
        yield Request("read", request("GET", f"/fhir/{names[at]}/{pk}"))
        yield Request("update", request("GET", f"/write/{3 * at + 1}/{pk}"))
        yield Request("delete", request("GET", f"/write/{3 * at + 2}/{pk}"))


def importing(bundles: Sequence[tuple[bytes, int]], seed: int) -> Caller:
    """Post one transaction Bundle after the other; each counts for its resources."""
    chance = random.Random(seed)
    prefer = "Prefer: return=minimal\r\n"
    raw = [Request("Bundle", request("POST", "/fhir", body, prefer), n) for body, n in bundles]
    while True:
        yield chance.choice(raw)


def importing_bare(sizes: Sequence[int], seed: int) -> Caller:
    """Ask the ceiling to write as many resources as each Bundle has."""
    chance = random.Random(seed)
    pk = _CEILING_KEYS + seed * (1 << 32)
    while True:
        at = chance.randrange(len(sizes))
        yield Request("Bundle", request("GET", f"/write/{at}/{pk}"), sizes[at])
        pk += sizes[at]


def searching(shapes: Sequence[Shape], samples: Samples, seed: int) -> Caller:
    """Search, each time in another shape and for other values."""
    chance = random.Random(seed)
    while True:
        shape = chance.choice(shapes)
        search = shape.search(samples, chance)
        yield Request(label(shape), request("GET", f"/fhir/{search}"))


def searching_bare(count: int, seed: int) -> Caller:
    """Ask the ceiling for one of so many searches that it knows."""
    chance = random.Random(seed)
    while True:
        yield Request("search", request("GET", f"/search/{chance.randrange(count)}"))


def label(shape: Shape) -> str:
    """Name a shape in the tables."""
    return f"{shape.type}: {shape.name}"


def as_sent(body: bytes) -> bytes:
    """Take the id and the server's part of meta off a stored resource, as a client would send."""
    tree = read(body)
    del tree["id"]
    tree["meta"] = {k: v for k, v in tree["meta"].items() if k == "profile"}
    return write({name: value for name, value in tree.items() if value})


def changed(content: bytes, logical_id: str) -> bytes:
    """Give a resource its id, and a language that makes it a change."""
    at = content.index(b",") + 1
    return b'%b"id":"%b","language":"en-US",%b' % (content[:at], logical_id.encode(), content[at:])
