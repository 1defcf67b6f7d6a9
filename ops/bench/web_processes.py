"""Web processes beside a measurement: the product's own, or the floor's, on a socket that is lent to them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops.bench.following import environment
from ops.bench.site import Site
from ops.up import wait_for

OURS = ("-m", "ops.cli", "serve", "--fd")
FLOOR = ("-m", "ops.bench.floor_web")
START_SECONDS = 30


def profiled(program: Sequence[str], profile: Path | None) -> tuple[str, ...]:
    """Have a program write a profile when it ends, if one is wanted."""
    return ("-m", "cProfile", "-o", str(profile.absolute()), *program) if profile else tuple(program)


@contextmanager
def web(site: Site, program: Sequence[str], workers: int = 1) -> Iterator[int]:
    """Serve while the block runs: the port. Raises TimeoutError when no process answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        descriptor, port = listening.fileno(), listening.getsockname()[1]
        variables = environment(site) | {"PORT": str(port)}
        processes = [
            subprocess.Popen([sys.executable, *program, str(descriptor)], env=variables, pass_fds=(descriptor,))
            for _ in range(workers)
        ]
        try:
            wait_for(f"http://127.0.0.1:{port}/livez", START_SECONDS)
            yield port
        finally:
            for process in processes:
                # A profile is written only after an interrupt; uvicorn dies of SIGTERM as soon as it has finished.
                process.send_signal(signal.SIGINT if "cProfile" in program else signal.SIGTERM)
            for process in processes:
                process.wait()
