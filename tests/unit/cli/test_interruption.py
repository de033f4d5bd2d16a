"""Ctrl-C is heard at any moment, also at one in which Python can tell nobody of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# What ends by itself, so that a signal that is lost fails the test and does not hold it up.
PROGRAM = """
import signal, time
from services.cli.interruption import hear_no_more, interrupt_at_sigterm

class Finalized:
    def __del__(self):
        signal.raise_signal(signal.{number})

interrupt_at_sigterm()
try:
    Finalized()
    time.sleep(20)
    print("lost")
except KeyboardInterrupt:
    hear_no_more()
    Finalized()
    print("heard")
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupt_that_comes_amid_a_finalizer_is_heard(number: str) -> None:
    code = PROGRAM.format(number=number)
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert (told.stdout, told.stderr) == ("heard\n", "")


def test_what_else_is_lost_in_a_finalizer_is_told() -> None:
    code = PROGRAM.format(number="SIGINT").replace(
        "signal.raise_signal(signal.SIGINT)", "raise ValueError"
    )
    told = subprocess.run(
        [sys.executable, "-c", code.replace("sleep(20)", "sleep(0)")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert told.stdout == "lost\n"
    assert "ValueError" in told.stderr
