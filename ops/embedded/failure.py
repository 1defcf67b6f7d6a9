"""What an operator reads when an embedded server cannot do its work: one clear line, the next step, the end of its log.

No decision is taken here; the modules beside this one know what went wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TAIL_LINES = 12
TAIL_BYTES = 16_384


class EmbeddedServerError(Exception):
    """An embedded server could not be found, started or stopped; the text names the next step for the operator."""

    def __init__(self, line: str, log: Path | None = None) -> None:
        """Take the one line, and the server's log whose end helps to understand it."""
        tail = log_tail(log) if log else ""
        super().__init__(f"{line}\nthe end of {log}:\n{tail}" if tail else line)
        self.line = line


@contextmanager
def told_clearly(what: str, log: Path, also: type[Exception] = OSError) -> Iterator[None]:
    """Turn the system's refusals (and one more kind of error) inside the block into one clear EmbeddedServerError."""
    try:
        yield
    except (OSError, also) as problem:
        reason = " ".join(str(problem).split())
        msg = f"{what} could not be started ({reason}): mend that (disk full? permissions?), then start again"
        raise EmbeddedServerError(msg, log) from problem


def log_tail(log: Path) -> str:
    """Return the last lines of a server's log, indented; empty when there is no log yet."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-TAIL_LINES:])


def say(line: str) -> None:
    """Tell the operator one thing on stderr; each line is flushed, because the next one may be minutes away."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
