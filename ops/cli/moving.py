"""`export` and `import`: a property's log to a file, and from a file into an empty ledger."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import Progress

from ops import export as exporting
from ops.cli.running import JSON, PROPERTY, on_servers, show
from ops.import_ledger import Imported, import_ledger
from ops.settings import BadConfiguration
from ops.wiring import Wiring

STANDARD = Path("-")
EXAMPLES = """\b
Examples:
  nightledger export --property ella --out ella.jsonl
  nightledger export --until 1200 | gzip > ella.jsonl.gz
  nightledger export --format parquet --out ella.parquet
"""


@click.command("export", epilog=EXAMPLES)
@PROPERTY
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default="-", help="A file, or - for standard output.")
@click.option("--until", type=click.IntRange(0), default=None, help="The last position; a command is never cut in half.")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "parquet"]), default="jsonl", show_default=True,
    help="JSON lines can be imported again, byte for byte; Parquet is for analysts.",
)  # fmt: skip
@click.option("--decoded", is_flag=True, help="JSON lines as this release reads the events, for people; not for import.")
@JSON
def export(property_code: str, out: Path, until: int | None, form: str, decoded: bool, as_json: bool) -> None:
    """Write a property's whole log to a file.

    Personal fields stay as encrypted as they are in the ledger (jsonl) or are left out (parquet). The file ends with a
    trailer; one that was cut short is known by it. Exporting the same log again gives the same bytes.
    """
    if out == STANDARD and (as_json or form == "parquet"):
        message = "--json and --format parquet need a file of their own: add --out FILE"
        raise BadConfiguration(message)
    if decoded and form == "parquet":
        message = "--decoded is for JSON lines: Parquet is always decoded"
        raise BadConfiguration(message)

    async def do(wiring: Wiring) -> exporting.Exported:
        part = await exporting.span(wiring, property_code, until)
        with _written(out) as file, Progress(console=Console(stderr=True), disable=as_json) as bar:
            task = bar.add_task(f"export {property_code}", total=part.last_position)

            def report(done: int, whole: int) -> None:
                bar.update(task, completed=done, total=whole)

            if form == "parquet":
                # It is large, and no other command needs it.
                from ops.export_parquet import export_parquet  # noqa: PLC0415 - see above

                return await export_parquet(wiring, part, file, report)
            return await exporting.export(wiring, part, file, report, decoded=decoded)

    done = on_servers(do)
    text = _counted(done)
    if out == STANDARD:
        click.echo(text, err=True)
    else:
        show(vars(done) | {"file": str(out)}, as_json, f"{text}, in {out}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--property", "property_code", default=None, help="What the file must hold; whatever it holds unless told.")
@JSON
def import_(file: Path, property_code: str | None, as_json: bool) -> None:
    """Put an exported log into an empty ledger: FILE, or - for standard input.

    Every hash, position, command and the trailer are checked; all is written or nothing. Positions, times and recorded
    answers stay as they were. Bring MASTER_KEY, SEAL_KEY and the guests' keys along: they are not in the file.
    """

    async def do(wiring: Wiring) -> Imported:
        with _opened(file) as (source, size), Progress(console=Console(stderr=True), disable=as_json) as bar:
            task = bar.add_task(f"import {file.name}", total=size)
            return await import_ledger(wiring, source, property_code, lambda done: bar.update(task, completed=done))

    done = on_servers(do)
    show(
        vars(done), as_json,
        f"{_counted(done)}; the followers fill the read models (nightledger follow, or up); check it with nightledger verify",
    )  # fmt: skip


def _counted(done: exporting.Exported | Imported) -> str:
    return (
        f"{done.property_code}: {done.events} events to position {done.last_position}, {done.outcomes} outcomes,"
        f" {done.seals} seals"
    )


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BinaryIO, int | None]]:
    """Give a file and its size in bytes; nobody knows how long standard input is."""
    if file == STANDARD:
        yield sys.stdin.buffer, None
        return
    try:
        source = file.open("rb")
    except OSError as wrong:
        message = f"{file} cannot be read ({wrong.strerror}): name a file that nightledger export wrote"
        raise BadConfiguration(message) from None
    with source:
        yield source, os.fstat(source.fileno()).st_size


@contextmanager
def _written(out: Path) -> Iterator[BinaryIO]:
    """Give a file that gets its name when it is whole and on the disk; its owner alone may read it."""
    if out == STANDARD:
        stream = sys.stdout.buffer
        try:
            yield stream
            stream.flush()
        except BrokenPipeError:
            # The reader has seen enough; Python would complain once more while it closes the stream.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(1) from None
        return
    draft = out.with_name(f"{out.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(out)
    except OSError as wrong:
        if wrong.strerror is None:
            raise
        message = f"{out} cannot be written ({wrong.strerror}): choose another --out"
        raise BadConfiguration(message) from None
    finally:
        draft.unlink(missing_ok=True)
