"""Lets SIGTERM end a command as Ctrl-C does, at any moment but while it puts things in order."""

from __future__ import annotations

import signal


def interrupt_at_sigterm() -> None:
    """Raise KeyboardInterrupt at SIGTERM too."""
    # A shell script that starts a command in the background lets it ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # By way of SIGINT: while asyncio runs, its own handler of that cancels what is running.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def hear_no_more() -> None:
    """Let nobody interrupt the end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
