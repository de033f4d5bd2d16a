"""Lets SIGTERM end a command as Ctrl-C does, at any moment but while it puts things in order."""

from __future__ import annotations

import signal
import sys
from typing import Final

_AGAIN_SECONDS: Final = 0.05


def interrupt_at_sigterm() -> None:
    """Raise KeyboardInterrupt at SIGTERM too, and again where it was lost."""
    # A shell script that starts a command in the background lets it ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # By way of SIGINT: while asyncio runs, its own handler of that cancels what is running.
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.unraisablehook = _interrupt_again


def hear_no_more() -> None:
    """Let nobody interrupt the end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Interrupt once more a moment later, where Python was in a finalizer, which may not raise."""
    if lost.exc_type is KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(lost)
