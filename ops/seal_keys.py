"""Seal keys as an operator handles them: reading public keys, showing ours, handing the seal over to a new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ledger.seal_key import NOBODY, PublicKey, SealKey
from ledger.seal_tables import Seals
from ops.secrets import seal_key, seal_key_file
from ops.settings import BadConfiguration, Settings
from ops.wiring import Wiring


@dataclass(frozen=True)
class HandedOver:
    """Which key follows which, at which properties."""

    new: str
    former: str
    properties: list[str]


def named(path: Path) -> PublicKey:
    """Read a public key from a file. Raises BadConfiguration, which names the file and what is wrong with it."""
    try:
        return PublicKey.from_text(path.read_text())
    except (OSError, ValueError) as wrong:
        message = f"the public key {path} is of no use ({wrong}): give an Ed25519 key, PEM or base64 of its 32 bytes"
        raise BadConfiguration(message) from None


def ours_if_any(settings: Settings) -> PublicKey | None:
    """Give our public key without making one; nothing when there is no key yet."""
    if settings.seal_key or seal_key_file(settings).exists():
        return seal_key(settings).public
    return None


async def ours(wiring: Wiring) -> PublicKey:
    """Give our public key; the key is made when there is none yet."""
    return seal_key(wiring.settings).public


async def property_codes(wiring: Wiring) -> list[str]:
    """List the properties."""
    return [listed.code for listed in await wiring.access.properties()]


async def rotate(wiring: Wiring, former: str | None) -> HandedOver:
    """Let a new key follow: SEAL_KEY follows `former`, or a new one in the data directory the one that was there.

    Raises BadConfiguration when it is not clear which key follows which.
    """
    settings = wiring.settings
    if former is None and settings.seal_key:
        message = "SEAL_KEY is set: set it to the new key and name the former with --from FINGERPRINT"
        raise BadConfiguration(message)
    present, seed = seal_key(settings), SealKey.generate()
    new, old = (SealKey.from_text(seed), present.public.key_id) if former is None else (present, former)
    codes = await property_codes(wiring)
    for code in codes:
        await _follow(wiring, code, new, old)
    if former is None:
        _replace(seal_key_file(settings), seed)
    return HandedOver(new.public.key_id, old, codes)


async def _follow(wiring: Wiring, property_code: str, new: SealKey, former: str) -> None:
    seals = Seals(property_code)
    async with wiring.pool.connection() as connection:
        known = {said.public_key.key_id for said in await seals.keys(connection)}
        last = await seals.last(connection)
        if last is None:
            await seals.keep_key(connection, new.follows(NOBODY, property_code))
            return
        if former not in known or former == new.public.key_id:
            names = ", ".join(sorted(known)) or "nobody"
            message = f"{former} is no former key of {property_code}: the keys of its blocks are {names}"
            raise BadConfiguration(message)
        await seals.keep_key(connection, new.follows(former, property_code))


def _replace(path: Path, seed: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(seed)
    draft.replace(path)
