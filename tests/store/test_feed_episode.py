"""Only a person with an open EpisodeOfCare is reacted to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.access.access import Access
from shared.feed.open_episode import has_open_episode
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from tests.store.feed_site import Site


PATIENT = Key("Patient", "p1")
EPISODE = Key("EpisodeOfCare", "e1")


@pytest.mark.parametrize("status", ["planned", "waitlist", "active", "onhold"])
async def test_an_episode_before_its_end_is_open(site: Site, status: str) -> None:
    assert await is_open_with(site, status)


@pytest.mark.parametrize("status", ["finished", "cancelled", "entered-in-error"])
async def test_an_episode_that_ended_or_was_a_mistake_is_not_open(site: Site, status: str) -> None:
    assert not await is_open_with(site, status)


async def is_open_with(site: Site, status: str) -> bool:
    """Write one patient's episode, and tell of that patient; another one has none."""
    access = Access.system("test", site.tenant)
    async with site.store("intake") as store:
        async with store.begin(access, "test") as tx:
            await tx.write([Change(PATIENT, "PUT", None, tree_of(PATIENT), store.now())])
            episode = tree_of(EPISODE) | {
                "status": status,
                "patient": {"reference": str(PATIENT)},
            }
            await tx.write([Change(EPISODE, "PUT", None, episode, store.now())])
        async with store.begin(access, "test") as tx:
            assert not await has_open_episode(tx, "somebody-else")
            return await has_open_episode(tx, PATIENT.id)


def tree_of(key: Key) -> dict[str, object]:
    return {"resourceType": key.type, "id": key.id}
