"""Finds ports for an installation that a load run or a test starts for itself."""

from __future__ import annotations

import secrets
import socket
from contextlib import ExitStack

LOWEST, HIGHEST = 12_000, 32_000
"""Below the range that systems give to outgoing connections, so that nobody takes a found port by chance."""
TRIES = 200


def neighbouring_ports(count: int) -> list[int]:
    """Give `count` ports in a row that are free at this moment. Raises OSError when there are none."""
    for _ in range(TRIES):
        first = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        ports = list(range(first, first + count))
        try:
            with ExitStack() as held:
                for port in ports:
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
        return ports
    message = f"no {count} neighbouring ports are free between {LOWEST} and {HIGHEST}"
    raise OSError(message)
