"""Binds the socket that a program is served on, before the program is up.

So the parent can tell its address at once, and port 0 works.
"""

from __future__ import annotations

import socket


def bound(host: str, port: int) -> socket.socket:
    """Bind a listening socket.

    :raises OSError: when the address is taken or is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening
