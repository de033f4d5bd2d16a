"""The narrative of a patched resource never contradicts its data.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.patches import json_patch, operation, someone
from tests.api.resources import places, refused

if TYPE_CHECKING:
    import httpx

ACTIVE = operation("add", "/active", value=True)


def _text(status: str, told: str) -> dict[str, str]:
    return {"status": status, "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{told}</div>'}


@pytest.mark.parametrize("status", ["generated", "extensions", "additional", "empty"])
async def test_only_a_generated_narrative_is_dropped(
    client: httpx.AsyncClient, status: str
) -> None:
    reference = await someone(client, text=_text(status, "before"))
    answer = await json_patch(client, f"/{reference}", ACTIVE)
    if status == "generated":
        assert answer.status_code == 200, answer.text
        assert "text" not in answer.json()
    else:
        refused(answer, 422)
        assert places(answer) == ["Patient.text"]
        assert (await client.get(f"/{reference}")).headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("status", ["generated", "additional"])
async def test_a_narrative_that_is_patched_too_stays(
    client: httpx.AsyncClient, status: str
) -> None:
    reference = await someone(client, text=_text(status, "before"))
    told = operation("replace", "/text", value=_text(status, "after"))
    answer = await json_patch(client, f"/{reference}", ACTIVE, told)
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == _text(status, "after")


@pytest.mark.parametrize("status", ["generated", "additional"])
async def test_what_a_narrative_does_not_tell_leaves_it(
    client: httpx.AsyncClient, status: str
) -> None:
    reference = await someone(client, text=_text(status, "before"))
    label = operation("add", "/meta/tag", value=[{"system": "urn:t", "code": "a"}])
    for each in (operation("test", "/id", value=reference.removeprefix("Patient/")), label):
        answer = await json_patch(client, f"/{reference}", each)
        assert answer.status_code == 200, answer.text
        assert answer.json()["text"] == _text(status, "before")


async def test_a_narrative_may_be_removed_with_what_it_told(client: httpx.AsyncClient) -> None:
    reference = await someone(client, text=_text("additional", "before"))
    answer = await json_patch(client, f"/{reference}", ACTIVE, operation("remove", "/text"))
    assert answer.status_code == 200, answer.text
    assert "text" not in answer.json()
