"""The page of the API's documents works without the internet."""

from __future__ import annotations

import re

from starlette.applications import Starlette

from shared.server.documentation import documentation_routes
from tests.unit.asgi import Answer, ask

APP = Starlette(routes=[*documentation_routes("plan_api <1>")])


async def page() -> Answer:
    return await ask(APP, "/docs")


def links(answer: Answer) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+)"', answer.text())


async def test_the_page_opens_with_its_title() -> None:
    answer = await page()

    assert answer.status == 200
    assert "<title>plan_api &lt;1&gt;</title>" in answer.text()


async def test_everything_it_loads_is_served_beside_it() -> None:
    for link in links(await page()):
        answer = await ask(APP, f"/{link}")
        assert answer.status == 200
        assert len(answer.body) > 100


async def test_it_loads_the_viewer_and_starts_it() -> None:
    loaded = links(await page())

    assert {"docs/swagger-ui-bundle.js", "docs/start.js", "docs/swagger-ui.css"} <= set(loaded)
    assert "openapi.json" in (await ask(APP, "/docs/start.js")).text()


async def test_the_browser_is_told_to_load_nothing_from_elsewhere() -> None:
    answer = await page()
    policy = answer.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "http" not in answer.text()
