"""Makes a new installation from a backup: erasures first, then the cluster in a new epoch, then the read models.

Nothing can be read before the keys of guests who were erased since are destroyed. The new data directory has no cluster until
that cluster is recovered and in its new epoch: a restore that was killed is simply done again in another directory.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from ledger.erasures import apply_erasures, list_beside
from ledger.schema import schema_name
from ledger.sealer import CannotSeal
from ops.backup import CLUSTER, KEYS_FILE, Description, describe
from ops.embedded import base_backup, embedded_servers
from ops.embedded.data_directory import held, write_private
from ops.embedded.failure import say
from ops.embedded.postgres import NAME
from ops.migrate import ROLE_SETTINGS, migrate
from ops.read_models import NAMES
from ops.rebuild import Report, rebuild
from ops.sealing import seal_tail
from ops.secrets import seal_key
from ops.settings import BadConfiguration, Settings
from ops.wiring import Wiring, keys_path, wired

MASTER, SEAL = "master.key", "seal.key"
SECRETS = (MASTER, SEAL, "webhook.secret")
HARMLESS = {"lock", "log"}
"""What is in a data directory that was only looked at."""

NEW_EPOCH = (
    "DO $$ DECLARE code text; BEGIN FOR code IN SELECT properties.code FROM nightledger.properties LOOP"
    " EXECUTE format('UPDATE %I.ledger SET epoch = epoch + 1', 'property_' || code); END LOOP; END $$"
)
"""Positions after the restored head are given out a second time; with the epoch they stay unique."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is restored from where to where.

    `erasures` is the newest erasure list, None when nobody was erased since the backup. `old` is where secrets are taken from.
    """

    backup: Path
    keys: Path
    erasures: Path | None
    old: Settings
    new: Settings


@dataclass(frozen=True)
class Restored:
    """What there is now: each property's epoch and head, and how many guests' keys were destroyed on the way."""

    data_dir: str
    properties: dict[str, dict[str, int]]
    keys_destroyed: int


def newest_erasures(old: Settings, given: Path | None, *, nobody: bool) -> Path | None:
    """Find the list of all who were erased by now; None when nobody was. Raises BadConfiguration when that cannot be known."""
    if nobody:
        return None
    if given is not None:
        if not given.is_file():
            message = f"{given} is not a file: give --erasures the guest-keys.erasures of the old server, or its newest copy"
            raise BadConfiguration(message)
        return given
    store = old.data_dir / KEYS_FILE if old.keys_url is None else keys_path(old)
    if not store.is_file():
        message = (
            f"nobody knows who was erased since the backup: {old.data_dir} has no keys store. Give --old-data-dir, or"
            " --erasures with the newest guest-keys.erasures, or --no-erasures when nobody was"
        )
        raise BadConfiguration(message)
    found = list_beside(store)
    return found if found.exists() else None


def place(order: Order) -> int:
    """Bring secrets, keys and cluster to the new data directory; give how many keys the erasures destroyed.

    Raises BadConfiguration, EmbeddedServerError; then the directory holds no cluster.
    """
    described = describe(order.backup)
    target = order.new.data_dir
    if target.exists() and {each.name for each in target.iterdir()} - HARMLESS:
        message = f"{target} is not empty: give --data-dir a new directory"
        raise BadConfiguration(message)
    _require_keys(order)
    base_backup.require_sound(order.backup / CLUSTER)
    with held(target) as directory:
        try:
            return _fill(order, described, directory)
        except BaseException:
            _clear(directory)
            raise


def _fill(order: Order, described: Description, directory: Path) -> int:
    for name in SECRETS:
        if (order.old.data_dir / name).is_file():
            write_private(directory / name, (order.old.data_dir / name).read_text())
    destroyed = bring_keys(order.keys, order.erasures, keys_path(order.new))
    role = [f"ALTER ROLE {NAME} SET {name} = '{value}'" for name, value in ROLE_SETTINGS.items()]
    base_backup.place(
        order.backup / CLUSTER, directory, database=described.database, was_ours=described.was_embedded,
        statements=[*role, NEW_EPOCH],
    )  # fmt: skip
    return destroyed


def bring_keys(copy: Path, erasures: Path | None, store: Path) -> int:
    """Put a copied keys store into use, without the keys of whoever was erased; give how many keys that destroyed.

    A store that is there already is newer than any copy and is kept.
    """
    lists = [each for each in (list_beside(copy), erasures) if each is not None and each.is_file()]
    if store.exists():
        return sum(apply_erasures(store, each) for each in lists)
    draft = store.with_name(f"{store.name}.restored")
    shutil.copyfile(copy, draft)
    destroyed = sum(apply_erasures(draft, each) for each in lists)
    write_private(list_beside(store), _merged(lists))
    draft.replace(store)
    return destroyed


async def refresh(settings: Settings, report: Report) -> dict[str, dict[str, int]]:
    """Start the restored servers, seal the new epoch and make all read models again; give each property's epoch and head.

    What Redis holds is of another history, where it is not empty anyway; it is removed.
    """
    with embedded_servers(settings.data_dir, database_url=None, redis_url=settings.redis_url) as servers:
        at = settings.model_copy(update={"database_url": servers.database_url, "redis_url": servers.redis_url})
        codes = await migrate(servers.database_url)
        async with wired(at, connections=4) as wiring:
            for code in codes:
                async for key in wiring.redis.scan_iter(match=f"{{{code}}}:*", count=1000):
                    await wiring.redis.unlink(key)
                await _seal(wiring, code)
                for name in NAMES:
                    await rebuild(wiring, code, name, report)
            return {code: await _state(wiring, code) for code in codes}


async def _seal(wiring: Wiring, code: str) -> None:
    """Open the epoch in the seal, so that an anchor can tell what a restore left out; or tell why that cannot be."""
    try:
        await seal_tail(wiring, code, seal_key(wiring.settings))
    except CannotSeal as wrong:
        say(f"the new epoch of {code} is not sealed: {wrong}")


async def _state(wiring: Wiring, code: str) -> dict[str, int]:
    statement = sql.SQL("SELECT epoch FROM {}").format(sql.Identifier(schema_name(code), "ledger"))
    async with wiring.pool.connection() as connection:
        row = await (await connection.execute(statement)).fetchone()
    return {"epoch": row[0] if row else 0, "position": await wiring.streams(code).head()}


def _clear(directory: Path) -> None:
    """Leave a data directory as it was found: empty. Secrets must not lie about beside a restore that failed."""
    for each in directory.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name not in HARMLESS:
            each.unlink()


def _require_keys(order: Order) -> None:
    is_elsewhere = order.new.keys_url is not None and keys_path(order.new).exists()
    if not is_elsewhere and not order.keys.is_file():
        message = f"{order.keys} is not a file: give --keys the guest-keys.sqlite that belongs to the backup"
        raise BadConfiguration(message)
    if order.new.master_key is None and not (order.old.data_dir / MASTER).is_file():
        message = (
            f"MASTER_KEY is not set and {order.old.data_dir} has no {MASTER}: without it guests' names cannot be read."
            " Set MASTER_KEY (and SEAL_KEY), or name the directory that has them with --old-data-dir"
        )
        raise BadConfiguration(message)


def _merged(lists: list[Path]) -> str:
    """Give one list with every line of several, in their order."""
    lines = [line for each in lists for line in each.read_text().splitlines()]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))
