"""A program that is held up for a while still answers what was asked meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.programs import Programs

PAUSE_SECONDS = 7


async def test_a_request_on_a_kept_connection_outlasts_a_pause_of_the_program(
    separate: Programs,
) -> None:
    async with httpx.AsyncClient(base_url=separate.intake, timeout=30, trust_env=False) as http:
        assert (await http.get("/Patient/nobody")).status_code == 404
        process = separate.processes["intake"].pid
        os.kill(process, signal.SIGSTOP)
        try:
            # On the connection that the program has just used, and has kept.
            asked = asyncio.create_task(http.get("/Patient/nobody"))
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            os.kill(process, signal.SIGCONT)
        assert (await asked).status_code == 404
