"""Takes a backup: the whole cluster as PostgreSQL copies it, then the guests' keys with their erasure list. No secrets.

The keys come last, so that no event in the backup lacks its key; MASTER_KEY and SEAL_KEY are kept elsewhere, because together
with the rest they open everything. ops/restore.py is its mirror.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from ledger.erasures import list_beside
from ledger.log import Log
from ledger.unreadable import release
from ops.embedded import base_backup
from ops.migrate import SCHEMA_VERSION
from ops.settings import BadConfiguration, Settings
from ops.wiring import Wiring, keys_path

FORMAT = "nightledger-backup"
FORMAT_VERSION = 1
DESCRIPTION = "backup.json"
CLUSTER = "cluster"
KEYS = "keys"
KEYS_FILE = "guest-keys.sqlite"
README = """A backup of a Nightledger server, release {release}, taken {taken_at}.

cluster/  PostgreSQL {postgres}, everything in it. Guests' details are ciphertext.
keys/     the guests' keys, wrapped by MASTER_KEY, and the list of erased guests.

Not in here: MASTER_KEY and SEAL_KEY (files master.key and seal.key in a data directory). Keep them in another safe.
Keep keys/ apart from cluster/ and for {keep_days} days at most: an old copy holds the keys of guests who asked to be
forgotten since. `nightledger restore` destroys those before anything can be read, by the newest erasure list.
"""
KEEP_KEYS_DAYS = 30
LOOK_SECONDS = 0.5
Report = Callable[[int, int], None]
"""Told (bytes copied, bytes in all)."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What `backup.json` says; `positions` are what each property's ledger held at least."""

    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    release: str
    schema_version: int
    taken_at: datetime
    postgres: str
    database: str
    was_embedded: bool
    positions: dict[str, int]


async def back_up(
    wiring: Wiring, out: Path | None, keys_out: Path | None, report: Report = lambda *_: None
) -> tuple[Path, Description]:
    """Back up into a new directory (below DATA_DIR unless told otherwise). Raises BadConfiguration, EmbeddedServerError."""
    settings = wiring.settings
    described = await _describe(wiring)
    target = out or settings.data_dir.absolute() / "backups" / f"{described.taken_at:%Y%m%dT%H%M%SZ}"
    draft = _made(target)
    try:
        copying = asyncio.to_thread(base_backup.take, settings.database_url or "", draft / CLUSTER)
        await _watched(wiring, asyncio.ensure_future(copying), report)
        await asyncio.to_thread(copy_keys, settings, keys_out or draft / KEYS)
        said = README.format(
            release=described.release, taken_at=described.taken_at, postgres=described.postgres, keep_days=KEEP_KEYS_DAYS
        )
        (draft / "README.txt").write_text(said)
        (draft / DESCRIPTION).write_bytes(msgspec.json.format(msgspec.json.encode(described)))
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target, described


async def _watched(wiring: Wiring, copying: asyncio.Future[None], report: Report) -> None:
    """Wait for the copy, and tell how far PostgreSQL says that it is."""
    progress = "SELECT sum(backup_streamed)::bigint, sum(backup_total)::bigint FROM pg_stat_progress_basebackup"
    while not (await asyncio.wait({copying}, timeout=LOOK_SECONDS))[0]:
        async with wiring.pool.connection() as connection:
            row = await (await connection.execute(progress)).fetchone()
        if row and row[0] and row[1]:
            report(row[0], row[1])
    copying.result()


def copy_keys(settings: Settings, folder: Path) -> Path:
    """Copy the keys store as it is at one moment, and the erasure list after it. Gives the copy's path."""
    source = keys_path(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = folder / KEYS_FILE
    copy.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(copy)) as copied:
        original.backup(copied)
    if list_beside(source).exists():
        shutil.copyfile(list_beside(source), list_beside(copy))
    return copy


def describe(backup: Path) -> Description:
    """Read what a backup says of itself. Raises BadConfiguration when it is none, unfinished, or newer than this release."""
    try:
        described = msgspec.json.decode((backup / DESCRIPTION).read_bytes(), type=Description)
    except (OSError, msgspec.DecodeError):
        described = None
    if described is None or described.format != FORMAT:
        message = (
            f"{backup} is no finished backup (its {DESCRIPTION} is missing or damaged): name a directory that was backed up to"
        )
        raise BadConfiguration(message)
    for what, found, known in (
        ("format", described.format_version, FORMAT_VERSION),
        ("schema", described.schema_version, SCHEMA_VERSION),
    ):
        if found > known:
            message = (
                f"{backup} has {what} version {found}, this release knows {known}: restore with release {described.release}"
            )
            raise BadConfiguration(message)
    return described


async def _describe(wiring: Wiring) -> Description:
    async with wiring.pool.connection() as connection:
        found = await connection.execute(
            "SELECT current_setting('server_version'), current_database(), current_setting('cluster_name') = 'nightledger',"
            " rolreplication OR rolsuper, current_user FROM pg_roles WHERE rolname = current_user"
        )
        row = await found.fetchone()
        version, database, ours, may, role = row or ("", "", False, False, "")
        if not may:
            message = (
                f"the role {role} may not copy the cluster: run ALTER ROLE {role} REPLICATION as a superuser, let pg_hba.conf"
                " admit its replication connections, then back up again (or use your server's own backups)"
            )
            raise BadConfiguration(message)
        codes = [listed.code for listed in await wiring.access.properties()]
        positions = {code: (await Log(code).head(connection))[0] for code in codes}
    return Description(
        release=release(), schema_version=SCHEMA_VERSION, taken_at=wiring.clock.now().replace(microsecond=0),
        postgres=version, database=database, was_embedded=ours, positions=positions,
    )  # fmt: skip


def _made(target: Path) -> Path:
    """Make the directory in which the backup grows until it is whole. Raises BadConfiguration."""
    draft = target.with_name(f"{target.name}.part")
    if target.exists():
        message = f"{target} is there already: give --out a new directory"
        raise BadConfiguration(message)
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
    except OSError as wrong:
        message = f"{draft} cannot be made ({wrong.strerror}): choose another --out"
        raise BadConfiguration(message) from None
    return draft
