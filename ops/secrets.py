"""The secrets of an installation: from the environment, or made once in the data directory, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from ledger.keys import MasterKey
from ledger.seal_key import SealKey
from ops.settings import BadConfiguration, Settings


def master_key(settings: Settings) -> MasterKey:
    """Give the master key. Raises BadConfiguration when it is not 32 bytes in base64."""
    text = settings.master_key or made_once(settings.data_dir / "master.key", MasterKey.generate)
    try:
        return MasterKey.from_text(text)
    except ValueError as wrong:
        message = f"MASTER_KEY is not usable ({wrong})"
        raise BadConfiguration(message) from None


def seal_key(settings: Settings) -> SealKey:
    """Give the key that signs the seal. Raises BadConfiguration when it is not 32 bytes in base64."""
    text = settings.seal_key or made_once(seal_key_file(settings), SealKey.generate)
    try:
        return SealKey.from_text(text)
    except ValueError as wrong:
        message = f"SEAL_KEY is not usable ({wrong})"
        raise BadConfiguration(message) from None


def seal_key_file(settings: Settings) -> Path:
    """Say where the seal key is when SEAL_KEY is not set."""
    return settings.data_dir / "seal.key"


def webhook_secret(settings: Settings) -> str:
    """Give the secret that the local sandbox signs its webhooks with."""
    return made_once(settings.data_dir / "webhook.secret", lambda: f"whsec_{secrets.token_hex(24)}")


def made_once(path: Path, make: Callable[[], str]) -> str:
    """Read a secret from a file, or make it there, mode 0600; two processes that make it at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
