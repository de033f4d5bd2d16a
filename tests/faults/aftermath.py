"""What must hold after a fault: all that was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import httpx

from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from tests.faults.traffic import BUNDLED
from tests.record import owner

if TYPE_CHECKING:
    from tests.faults.traffic import Journal, Written
    from tests.programs import Programs

VERSIONS = "SELECT type, id, version, body::jsonb ->> 'language' FROM record.version"
# A Bundle's resources carry its mark as their id.
PARTS = """
SELECT id, count(*) FROM record.resource
WHERE id = ANY($1) AND NOT deleted GROUP BY id HAVING count(*) <> $2
"""
# What was made for each person of a Bundle, besides what the Bundle itself held. A Task is in no
# compartment, so its person is read from its content.
EFFECTS = """
WITH made AS (
  SELECT v.type, coalesce(v.body::jsonb #>> '{subject,reference}',
    v.body::jsonb #>> '{for,reference}') AS person
  FROM record.resource r JOIN record.version v USING (tenant, pk, version)
  WHERE r.type = ANY($2) AND NOT r.deleted
)
SELECT p.id, e.type, count(made.type)
FROM record.resource p CROSS JOIN unnest($2::smallint[]) e(type)
LEFT JOIN made ON made.type = e.type AND made.person = 'Patient/' || p.id
WHERE p.id = ANY($1) AND p.type = $3 GROUP BY p.id, e.type HAVING count(made.type) <> 1
"""
EFFECT_TYPES = ("CarePlan", "Flag", "Task")
SAMPLE = 60


async def lost(url: str, journal: Journal) -> list[Written]:
    """List the acknowledged versions that are not in the record, or not with their content."""
    async with owner(url) as connection:
        rows = await connection.fetch(VERSIONS)
    there = {(TYPE_NAME[row[0]], row[1], row[2]): row[3] for row in rows}
    return [each for each in journal.written if there.get(each[:3], "nothing") != each.mark]


async def half_done(url: str, journal: Journal) -> list[str]:
    """List the Bundles of which a part is in the record."""
    async with owner(url) as connection:
        rows = await connection.fetch(PARTS, list(journal.bundles), len(BUNDLED))
    return [row[0] for row in rows]


async def unreadable(programs: Programs, journal: Journal) -> list[str]:
    """Tell what a client cannot read again, by itself and in its history, out of a sample."""
    sample = random.sample(journal.written, min(SAMPLE, len(journal.written)))
    async with httpx.AsyncClient(base_url=programs.fhir, timeout=30, trust_env=False) as http:
        found = [(each, await _faults(http, each)) for each in sample]
    return [f"{each}: {', '.join(faults)}" for each, faults in found if faults]


async def effects_not_had_once(url: str, journal: Journal) -> list[tuple[str, str, int]]:
    """List the effects of a Bundle that did not come, or came again."""
    types = [TYPE_CODE[name] for name in EFFECT_TYPES]
    async with owner(url) as connection:
        rows = await connection.fetch(EFFECTS, list(journal.bundles), types, TYPE_CODE["Patient"])
    return [(row[0], TYPE_NAME[row[1]], row[2]) for row in rows]


async def _faults(http: httpx.AsyncClient, written: Written) -> list[str]:
    """Compare a version with what was acknowledged."""
    history = f"{written.type}/{written.id}/_history"
    version = await http.get(f"{history}/{written.version}")
    entry = await _entry(http, history, written.version)
    is_deletion = written.mark is None
    checks = {
        f"its version answers {version.status_code}": version.status_code
        == (410 if is_deletion else 200),
        "its version says something else": is_deletion
        or version.json().get("language") == written.mark,
        "its history lacks it": entry is not None,
        "its history says something else": entry is None
        or entry.get("resource") == (None if is_deletion else version.json()),
    }
    return [fault for fault, holds in checks.items() if not holds]


async def _entry(http: httpx.AsyncClient, history: str, number: int) -> dict[str, Any] | None:
    """Find a version in a history, which has pages."""
    url: str | None = f"{history}?_count=1000"
    while url:
        page = (await http.get(url)).raise_for_status().json()
        for entry in page.get("entry", ()):
            if entry["response"]["etag"] == f'W/"{number}"':
                return dict(entry)
        links = {each["relation"]: each["url"] for each in page["link"]}
        url = links.get("next")
    return None
