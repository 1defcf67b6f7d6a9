"""The sandbox's clock: real time plus an offset that `POST /clock` moves and that survives a restart.

Webhook signatures and retries use real time instead, because the receiver's verifier does.
"""

import time
from pathlib import Path

from ops.sandbox.store import Store


class SandboxClock:
    """Seconds since 1970, moved by a stored offset."""

    def __init__(self, store: Store, file: Path | None = None) -> None:
        """Continue with the offset that the state remembers; tell it to a product's clock through `file`."""
        self._store = store
        self._file = file
        self.offset_seconds: float = (store.get("setting", "clock") or {"offset_seconds": 0})["offset_seconds"]
        self._tell()

    def now(self) -> int:
        """Give the sandbox's present as Unix seconds."""
        return int(time.time() + self.offset_seconds)

    def move_to(self, offset_seconds: float) -> None:
        """Remember a new distance from real time."""
        self.offset_seconds = offset_seconds
        self._store.put("setting", {"id": "clock", "offset_seconds": offset_seconds})
        self._tell()

    def _tell(self) -> None:
        if self._file is not None:
            draft = self._file.with_suffix(".new")
            draft.write_text(str(int(self.offset_seconds)))
            draft.replace(self._file)
