"""Plays the story on a server, and sums up what it left in the record."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from services.cli.story import cast
from services.cli.story.play import Story
from services.cli.story.player import Player
from services.cli.story.teller import Teller

if TYPE_CHECKING:
    from shared.client import FhirClient

    Resource = dict[str, Any]

# A Monday, before the clocks go forward, in a year that no test has reached.
BEGINS = datetime(2030, 3, 4, 14, tzinfo=UTC)


def set_clock(fhir: str) -> None:
    told = {"name": "instant", "valueInstant": BEGINS.isoformat()}
    body = {"resourceType": "Parameters", "parameter": [told]}
    httpx.post(f"{fhir}/$clock", json=body, timeout=180, trust_env=False).raise_for_status()


async def played(client: FhirClient, fhir: str, weeks: int) -> cast.Person:
    """Play the main person's way without a word."""
    player = Player(client, fhir)
    await player.together(cast.places_and_clinicians())
    person = cast.person(0, "test", BEGINS.date())
    await Story(player, Teller(None, player), BEGINS, person, weeks=weeks).play()
    return person


def record_of(fhir: str, patient: str) -> list[Resource]:
    """Read one person's whole record."""
    found: list[Resource] = []
    url = f"{fhir}/Patient/{patient}/$everything"
    while url:
        page = httpx.get(url, timeout=180, trust_env=False).raise_for_status().json()
        entries = page.get("entry", ())
        found += [each["resource"] for each in entries if each["search"]["mode"] == "match"]
        url = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")
    return found


def summed_up(record: list[Resource]) -> Counter[tuple[str, ...]]:
    """Count a record's resources by what they say, whatever their ids and times.

    Of what a policy did, each target counts: how many are done in one act is a matter of time.
    """
    said = [each for each in record if each["resourceType"] == "Provenance"]
    acts = [(*_gist(each), _kind(target)) for each in said for target in each["target"]]
    others = [_gist(each) for each in record if each["resourceType"] != "Provenance"]
    return Counter([*acts, *others])


def _kind(target: Resource) -> str:
    return str(target["reference"]).partition("/")[0]


def _gist(resource: Resource) -> tuple[str, ...]:
    status = resource.get("status") or resource.get("lifecycleStatus") or ""
    code = resource.get("code", {})
    codes = [each.get("code", "") for each in code.get("coding", ())]
    value = resource.get("valueQuantity", {}).get("value", resource.get("valueBoolean", ""))
    business = resource.get("businessStatus", {}).get("coding", [{}])[0].get("code", "")
    agents = [each["who"] for each in resource.get("agent", ())]
    who = [each.get("reference") or each.get("identifier", {}).get("value", "") for each in agents]
    told = (resource["resourceType"], status, resource.get("intent", ""), *codes, business)
    return (*told, str(value), *map(str, who))
