"""Ends a process with the one that started it, even when that was killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

_POLL_SECONDS: Final = 0.5


def end_with_parent() -> None:
    """Stop this process soon after its parent is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
