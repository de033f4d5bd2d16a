"""What a load sends again, and what it must not: nothing may be stored twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from services.cli.loading import contents, order
from services.cli.loading.loader import Loader
from shared.client import FhirClient
from tests.unit.client.test_client import AT_ONCE, a_partner

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.client.test_client import Line, Partner

WITHOUT_ID = '{"resourceType":"Basic"}\n{"resourceType":"Basic"}\n'
WITH_ID = '{"resourceType":"Basic","id":"a"}\n{"resourceType":"Basic","id":"b"}\n'


async def load(folder: Path, text: str, *script: Line) -> tuple[Partner, Loader]:
    file = folder / "lines.ndjson"
    file.write_text(text)
    async with a_partner(*script) as partner, FhirClient(partner.base, attempts=1) as client:
        loader = Loader(client, lambda _: None)
        await loader.load(order.arrange([contents.scan(file)]), parallel=1)
    return partner, loader


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_lines_without_an_id_that_may_be_stored_are_not_sent_again(
    tmp_path: Path, status: int
) -> None:
    partner, loader = await load(tmp_path, WITHOUT_ID, (status, AT_ONCE))

    assert len(partner.requests) == 1
    assert loader.tally.refused == 2


@pytest.mark.parametrize(
    ("text", "status"), [(WITHOUT_ID, 422), (WITHOUT_ID, 409), (WITH_ID, 422), (WITH_ID, 504)]
)
async def test_lines_that_change_nothing_twice_are_sent_each_on_its_own(
    tmp_path: Path, text: str, status: int
) -> None:
    partner, _ = await load(tmp_path, text, *[(status, AT_ONCE)] * 9)

    kinds = [json.loads(body)["type"] for _, _, body in partner.requests]
    assert kinds[:2] == ["transaction", "batch"]
