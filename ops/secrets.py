"""The secrets of an installation: from the environment, or made once in the data directory, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from ledger.keys import MasterKey, MasterKeys
from ledger.seal_key import SealKey
from ops.settings import BadConfiguration, Settings


def master_keys(settings: Settings) -> MasterKeys:
    """Give the master keys: the one in use, and the one that is taking over from it. Raises BadConfiguration."""
    return MasterKeys(lambda: _masters(settings))


def next_master_key(settings: Settings) -> MasterKey:
    """Give the master key that is to take over; made in the data directory when the present one is there, too.

    Raises BadConfiguration when MASTER_KEY is set and MASTER_KEY_NEW is not.
    """
    if settings.master_key and not settings.master_key_new:
        message = "MASTER_KEY is set: set MASTER_KEY_NEW beside it, for every process (`openssl rand -base64 32` makes one)"
        raise BadConfiguration(message)
    text = settings.master_key_new or made_once(_file(settings, ".new"), MasterKey.generate)
    return _master("MASTER_KEY_NEW", text)


def take_over(settings: Settings) -> bool:
    """Make the next master key in the data directory the present one; tell whether it is there and not in the environment."""
    if not _file(settings, ".new").exists():
        return False
    _file(settings, ".new").replace(_file(settings))
    return True


def _masters(settings: Settings) -> list[MasterKey]:
    present = settings.master_key or made_once(_file(settings), MasterKey.generate)
    following = settings.master_key_new
    if not following and _file(settings, ".new").exists():
        following = _file(settings, ".new").read_text().strip()
    masters = [_master("MASTER_KEY", present)]
    return [*masters, _master("MASTER_KEY_NEW", following)] if following else masters


def _file(settings: Settings, suffix: str = "") -> Path:
    return settings.data_dir / f"master.key{suffix}"


def _master(name: str, text: str) -> MasterKey:
    try:
        return MasterKey.from_text(text)
    except ValueError as wrong:
        message = f"{name} is not usable ({wrong})"
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
