"""The page of a plan names the team as people know them, and nothing in a name becomes markup."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest

from services.plan_api.domain.needs import Known
from services.plan_api.domain.people import called
from services.plan_api.domain.plan_page import Parts, page

Resource = dict[str, Any]
PLAN: Resource = {"resourceType": "CarePlan", "id": "p"}


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (None, ""),
        ({"name": []}, ""),
        ({"name": [{"use": "official"}, {"given": ["Ada", "M."], "family": "Lovelace"}]}, None),
        ({"name": [{"text": "Dr. Lovelace", "family": "Lovelace"}]}, "Dr. Lovelace"),
        ({"name": [{"family": "Lovelace"}]}, "Lovelace"),
        ({"name": "North Clinic"}, "North Clinic"),
        ({}, ""),
    ],
)
def test_people_and_organizations_are_called_by_their_names(
    resource: Resource | None, name: str | None
) -> None:
    assert called(resource) == ("Ada M. Lovelace" if name is None else name)


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ({"reference": "Practitioner/a"}, "Ada &lt;b&gt;"),
        ({"reference": "Practitioner/a", "display": "A & B"}, "A &amp; B"),
        ({"reference": "Practitioner/b"}, "Practitioner/b"),
        ({"display": "Her aunt"}, "Her aunt"),
        ({}, "somebody not named"),
    ],
)
def test_the_team_is_named(member: Resource, told: str) -> None:
    team = {"participant": [{"role": [{"text": "Nurse"}], "member": member}]}
    known = Known(names={"Practitioner/a": "Ada <b>"})

    text = page(PLAN, known, Parts((), (), (), [team]), day=date(2026, 4, 1), zone=UTC)

    assert f"<li>Nurse: {told}</li>" in text["div"]
