"""`backup` and `restore` of a whole server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from ops import logs
from ops import restore as restoring
from ops.backup import KEEP_KEYS_DAYS, KEYS, KEYS_FILE, Description, back_up
from ops.cli.running import JSON, on_servers, show
from ops.settings import read_settings
from ops.wiring import Wiring

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--out", type=FOLDER, default=None, help="A new directory; below DATA_DIR/backups unless told.")
@click.option("--keys-out", type=FOLDER, default=None, help="Where the guests' keys go; into the backup unless told.")
@JSON
def backup(out: Path | None, keys_out: Path | None, as_json: bool) -> None:
    """Copy the whole database and the guests' keys, while everything works.

    MASTER_KEY and SEAL_KEY are not in it: keep them in another safe. Put the keys (--keys-out) apart from the rest, and keep
    them for 30 days at most: old copies hold the keys of guests who were erased since.
    """

    async def do(wiring: Wiring) -> tuple[Path, Description]:
        with Progress(console=Console(stderr=True), disable=as_json) as bar:
            task = bar.add_task("backup", total=None)
            return await back_up(wiring, out, keys_out, lambda done, whole: bar.update(task, completed=done, total=whole))

    target, described = on_servers(do)
    held = ", ".join(f"{code} to position {position}" for code, position in described.positions.items())
    show(
        msgspec.to_builtins(described) | {"directory": str(target), "keys": str(keys_out or target / KEYS)}, as_json,
        f"backed up to {target}: {held or 'no property is open yet'}\n"
        f"MASTER_KEY and SEAL_KEY are not in it, keep them elsewhere; keep {keys_out or target / KEYS} for"
        f" {KEEP_KEYS_DAYS} days at most",
    )  # fmt: skip


@click.command()
@click.argument("directory", type=FOLDER)
@click.option("--data-dir", "new_dir", type=FOLDER, required=True, help="A new data directory, for this server.")
@click.option(
    "--old-data-dir", "old_dir", type=FOLDER, default=None, help="Has secrets and erasures of today; DATA_DIR unless told."
)
@click.option("--keys", type=FILE, default=None, help="The backed-up keys store; the one in DIRECTORY unless told.")
@click.option("--erasures", type=FILE, default=None, help="The newest erasure list (guest-keys.erasures).")
@click.option("--no-erasures", is_flag=True, help="Nobody was erased since the backup.")
@JSON
def restore(
    directory: Path,
    new_dir: Path,
    old_dir: Path | None,
    keys: Path | None,
    erasures: Path | None,
    no_erasures: bool,
    as_json: bool,
) -> None:
    """Make a new installation from the backup in DIRECTORY, as it was when the backup was taken.

    Guests who were erased since stay erased: the newest erasure list is applied before anything can be read. The ledger
    opens a new epoch, and all read models are made again. Afterwards start it with DATA_DIR set to the new directory.
    """
    logs.configure("WARNING")
    settings = read_settings()
    old = settings.model_copy(update={"data_dir": old_dir or settings.data_dir})
    new = settings.model_copy(update={"data_dir": new_dir.expanduser().absolute(), "database_url": None, "clock_file": None})
    order = restoring.Order(
        backup=directory.absolute(), keys=(keys or directory / KEYS / KEYS_FILE).absolute(), old=old, new=new,
        erasures=restoring.newest_erasures(old, erasures, nobody=no_erasures),
    )  # fmt: skip
    destroyed = restoring.place(order)
    with Progress(console=Console(stderr=True), disable=as_json) as bar:
        tasks: dict[str, Any] = {}

        def report(name: str, done: int, whole: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name)
            bar.update(tasks[name], completed=done, total=whole)

        properties = asyncio.run(restoring.refresh(new, report))
    done = restoring.Restored(str(new.data_dir), properties, destroyed)
    held = ", ".join(f"{code} to position {each['position']} in epoch {each['epoch']}" for code, each in properties.items())
    show(
        vars(done), as_json,
        f"restored to {done.data_dir}: {held or 'no property'}; {destroyed} keys of erased guests destroyed\n"
        f"next: DATA_DIR={done.data_dir} nightledger verify, then nightledger up. What happened after the backup is lost here;"
        " vendors (Stripe, SendGrid) still know their part of it",
    )  # fmt: skip
