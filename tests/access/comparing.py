"""Asks the same of two worlds, and finds the first answer that is not the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.access.vocabulary import Ask
from tests.access.worlds import BASE, comparable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.access.asking import Asking
    from tests.access.worlds import World
    from tests.unit.asgi import Answer

Worlds = tuple["World", "World"]


def linked(answer: Answer | None, relation: str | None) -> str | None:
    if (
        answer is None
        or answer.status != 200
        or not answer.body.startswith(b'{"resourceType":"Bundle"')
    ):
        return None
    for link in json.loads(answer.body).get("link", ()):
        if link["relation"] == relation:
            return str(link["url"]).removeprefix(BASE).removeprefix("/")
    return None


async def difference(
    worlds: Worlds, asking: Asking, number: int, begin: Callable[[int], None]
) -> tuple[Ask, Any, Any] | None:
    """Ask so many times; stop at an answer that is not the same in both worlds."""
    last: list[Answer | None] = [None, None]
    for n in range(1, number + 1):
        asked = asking.next()
        told = []
        for place, world in enumerate(worlds):
            target = asked.target
            if asked.relation is not None:
                target = linked(last[place], asked.relation) or ""
                if not target:
                    continue
            begin(n)
            answer = await world.ask(Ask(asked.method, target, asked.headers, asked.body), n)
            last[place] = answer
            told.append(comparable(answer))
            await world.write_hidden()
        if len(told) == 1 or (told and told[0] != told[1]):
            return asked, told[0], told[-1]
    return None
