"""The command line `nightledger`. Each command is a few lines; what it does lives in the module it names."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import click
from psycopg import OperationalError
from rich.console import Console
from rich.progress import Progress

from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from commands.dispatch import Asked
from commands.hold_stay import HoldStay
from ledger.command import Command, Urgency
from ledger.refusal import Refusal, Unavailable, code_of
from ops import api_keys, doctor, logs
from ops import rebuild as rebuilding
from ops.embedded import EmbeddedServerError, attach, embedded_servers
from ops.migrate import migrate as migrate_all
from ops.property_file import BadPropertyFile
from ops.seeding import seed as seed_file
from ops.serve import serve as serve_web
from ops.settings import BadConfiguration, Settings, read_settings
from ops.wiring import Wiring, wired
from queries.access import SCOPES

T = TypeVar("T")
Work = Callable[[Wiring], Awaitable[T]]
FAILED, BAD_USAGE = 1, 2
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
PROPERTY = click.option("--property", "property_code", default="ella", show_default=True, help="Which property.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nightledger")
def cli() -> None:
    """Nightledger: an event-sourced reservation ledger for hotels.

    Exit codes: 0 done, 1 the thing checked does not hold, 2 bad usage or configuration.
    """


def main() -> None:
    """Run the command line; every expected failure is one clear line."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(BAD_USAGE)
    except (BadConfiguration, EmbeddedServerError, BadPropertyFile, Unavailable) as wrong:
        sys.exit(_complain(str(wrong), BAD_USAGE))
    except OperationalError as gone:
        sys.exit(_complain(f"the database does not answer: {str(gone).splitlines()[0]}", BAD_USAGE))
    except Refusal as refusal:
        sys.exit(_complain(f"refused ({code_of(refusal)}): {refusal.message}", FAILED))


def _complain(text: str, code: int) -> int:
    click.echo(f"nightledger: {text}", err=True)
    return code


def on_servers(work: Work[T]) -> T:
    """Do work on the servers that the environment names, on those of a running `up`, or on ones started for it."""
    settings = read_settings()
    logs.configure("WARNING")

    async def run(at: Settings) -> T:
        await migrate_all(at.database_url or "")
        async with wired(at, connections=4) as wiring:
            return await work(wiring)

    if settings.database_url and settings.redis_url:
        return asyncio.run(run(settings))
    running = attach(settings.data_dir)
    if running is not None:
        return asyncio.run(run(_at(settings, running.database_url, running.redis_url)))
    with embedded_servers(settings.data_dir, database_url=settings.database_url, redis_url=settings.redis_url) as started:
        return asyncio.run(run(_at(settings, started.database_url, started.redis_url)))


def _at(settings: Settings, database_url: str, redis_url: str) -> Settings:
    return settings.model_copy(update={"database_url": database_url, "redis_url": redis_url})


def _print(answer: object, as_json: bool, text: str) -> None:  # noqa: FBT001 - it is the flag of the command line
    click.echo(json.dumps(answer, default=str, indent=2) if as_json else text)


@cli.command()
def up() -> None:
    """Start everything and stay in the foreground; Ctrl-C stops it."""
    from ops.up import up as up_all  # noqa: PLC0415 - the only command that needs the supervisor and the sandbox

    settings = read_settings()
    logs.configure(settings.log_level)
    sys.exit(up_all(settings, lambda line: click.echo(line)))


@cli.command()
@click.option("--fd", type=int, default=None, help="An inherited listening socket to serve on.")
def serve(fd: int | None) -> None:
    """Serve the web only."""
    settings = read_settings()
    logs.configure(settings.log_level)
    asyncio.run(serve_web(settings, fd))


@cli.command()
def work() -> None:
    """Run saga workers and the sweeper."""
    from ops.processes import work as run_workers  # noqa: PLC0415 - the other commands need no broker

    _forever(run_workers)


@cli.command()
def follow() -> None:
    """Run the followers that keep the read models up with the log."""
    from ops.processes import follow as run_followers  # noqa: PLC0415 - the other commands need no broker

    _forever(run_followers)


def _forever(run: Callable[[Settings], Awaitable[None]]) -> None:
    settings = read_settings()
    logs.configure(settings.log_level)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(run(settings))  # type: ignore[arg-type]  # both are coroutine functions


@cli.command()
@JSON
def migrate(as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Bring the schema up to date."""

    async def do(wiring: Wiring) -> list[str]:
        return await migrate_all(wiring.settings.database_url or "")

    codes = on_servers(do)
    _print({"properties": codes}, as_json, f"up to date: {', '.join(codes) or 'no property is open yet'}")


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@JSON
def seed(file: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Open or update a property from a definition FILE (TOML)."""
    code, outcome = on_servers(lambda wiring: seed_file(wiring, file))
    changed = bool(outcome.answer.get("changed"))
    _print(
        {"property": code, "changed": changed, "position": outcome.position}, as_json,
        f"{code}: {'defined' if changed else 'nothing has changed'}, position {outcome.position}",
    )  # fmt: skip


async def _dispatch(wiring: Wiring, property_code: str, command: Command, key: str | None) -> dict[str, Any]:
    desk = await wiring.desk(property_code)
    if desk is None:
        message = f"there is no property {property_code!r}: run nightledger seed FILE first"
        raise BadConfiguration(message)
    command_id = UUID(key) if key else uuid4()
    outcome = await desk.dispatch(command, Asked(command_id=command_id, actor="cli", urgency=Urgency.PROMISED))
    return {**outcome.answer, "position": outcome.position}


KEY = click.option("--id", "key", default=None, help="Command id (UUID): the same id and content give the same answer.")


@cli.command()
@PROPERTY
@click.option("--room-type", required=True)
@click.option("--rate-plan", required=True)
@click.option("--arrival", required=True, help="YYYY-MM-DD")
@click.option("--departure", required=True, help="YYYY-MM-DD")
@click.option("--adults", default=2, show_default=True, help="Adults in each room.")
@click.option("--children", default=0, show_default=True, help="Children in each room.")
@click.option("--rooms", default=1, show_default=True)
@click.option("--name", required=True, help="The guest's name.")
@click.option("--email", required=True, help="The guest's e-mail.")
@KEY
def hold(property_code: str, key: str | None, **wish: Any) -> None:  # noqa: ANN401 - click's options
    """Hold rooms for a guest; prints the reservation as JSON."""
    guest = {"name": wish.pop("name"), "email": wish.pop("email")}
    command = _command(HoldStay, {**wish, "guest": guest})
    click.echo(json.dumps(on_servers(lambda wiring: _dispatch(wiring, property_code, command, key)), indent=2))


@cli.command()
@click.argument("reservation_id", type=click.UUID)
@click.option("--guarantee", default="staff", show_default=True, help="On what the booking rests.")
@PROPERTY
@KEY
def confirm(reservation_id: UUID, guarantee: str, property_code: str, key: str | None) -> None:
    """Confirm a held reservation without a card payment."""
    command = ConfirmReservation(reservation_id=reservation_id, guarantee=guarantee)
    click.echo(json.dumps(on_servers(lambda wiring: _dispatch(wiring, property_code, command, key)), indent=2))


@cli.command()
@click.argument("reservation_id", type=click.UUID)
@click.option("--reason", default="other", show_default=True)
@PROPERTY
@KEY
def cancel(reservation_id: UUID, reason: str, property_code: str, key: str | None) -> None:
    """Cancel a reservation by its policy, or give a hold back."""
    command = _command(CancelReservation, {"reservation_id": reservation_id, "reason": reason})
    click.echo(json.dumps(on_servers(lambda wiring: _dispatch(wiring, property_code, command, key)), indent=2))


C = TypeVar("C", bound=Command)


def _command(kind: type[C], content: dict[str, Any]) -> C:
    from pydantic import ValidationError  # noqa: PLC0415 - one use

    try:
        return kind.model_validate(content)
    except ValidationError as wrong:
        rules = [f"--{str(problem['loc'][-1]).replace('_', '-')}: {problem['msg']}" for problem in wrong.errors()]
        raise BadConfiguration("; ".join(rules)) from None


@cli.group()
def reservation() -> None:
    """Look at reservations."""


@reservation.command("show")
@click.argument("reservation_id", type=click.UUID)
@PROPERTY
@JSON
def show(reservation_id: UUID, property_code: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Show a reservation as the ledger has it now."""
    from ops.telling import reservation_text  # noqa: PLC0415 - one use

    answer, text = on_servers(lambda wiring: reservation_text(wiring, property_code, reservation_id))
    _print(answer, as_json, text)


@cli.command()
@click.argument("subject", type=click.UUID)
@PROPERTY
@JSON
def history(subject: UUID, property_code: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """List every event of a reservation (with its payments and messages) or of any one stream, in order."""
    from ops.telling import history_text  # noqa: PLC0415 - one use

    answer, text = on_servers(lambda wiring: history_text(wiring, property_code, subject))
    _print(answer, as_json, text)
    if not answer:
        sys.exit(FAILED)


@cli.command()
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="All read models.")
@click.option("--dry-run", is_flag=True, help="Compare only; exit 1 when something differs.")
@PROPERTY
@JSON
def rebuild(name: str | None, every: bool, dry_run: bool, property_code: str, as_json: bool) -> None:  # noqa: FBT001 - flags
    """Make read models again from the log, beside the live ones, compare, and switch."""
    if every == bool(name):
        message = f"name one of {', '.join(rebuilding.NAMES)}, or say --all"
        raise BadConfiguration(message)
    names = rebuilding.NAMES if every else (name or "",)

    async def do(wiring: Wiring) -> list[rebuilding.Rebuilt]:
        with Progress(console=Console(stderr=True), disable=as_json) as bar:
            tasks = {each: bar.add_task(each, total=None) for each in names}
            return [
                await rebuilding.rebuild(
                    wiring, property_code, each,
                    lambda model, done, whole: bar.update(tasks[model], completed=done, total=whole), dry_run=dry_run,
                )
                for each in names
            ]  # fmt: skip

    done = on_servers(do)
    text = "\n".join(
        f"{each.name}: {each.events} events, {len(each.differences)} differences"
        + (f" ({', '.join(each.differences[:5])})" if each.differences else "")
        + (", switched" if each.switched else "")
        for each in done
    )
    _print([vars(each) for each in done], as_json, text)
    if dry_run and any(each.differences for each in done):
        sys.exit(FAILED)


@cli.command()
@click.option("--attempts", default=500, show_default=True, type=click.IntRange(1, 20_000))
@click.option("--rooms", default=1, show_default=True, type=click.IntRange(1, 500), help="Rooms of the type.")
@click.option("--url", default=None, help="The web server to attack; the running `up` unless told otherwise.")
@JSON
def stress(attempts: int, rooms: int, url: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Book one stay of a type with K rooms many times at once, over HTTP; exactly K may win."""
    from ops.stress import stress as run_stress  # noqa: PLC0415 - needs its own servers

    result = run_stress(read_settings(), attempts, rooms, url)
    _print(vars(result), as_json, result.text())
    if not result.holds():
        sys.exit(FAILED)


@cli.group("api-key")
def api_key() -> None:
    """Make, list and revoke API keys."""


@api_key.command("create")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), required=True)
@click.option("--property", "property_code", default=None, help="Only for this property; all unless told otherwise.")
@click.option("--note", default="", help="What the key is for.")
@JSON
def create(scopes: tuple[str, ...], property_code: str | None, note: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Make a key. It is shown once."""
    key_id, key = on_servers(lambda wiring: api_keys.create_key(wiring, property_code, scopes, note))
    _print({"key_id": key_id, "key": key}, as_json, f"{key}\n(id {key_id}; it is not shown again)")


@api_key.command("list")
@JSON
def list_keys(as_json: bool) -> None:  # noqa: FBT001 - a flag
    """List the keys, without their secrets."""
    rows = on_servers(api_keys.list_keys)
    lines = [
        f"{row[0]}  {row[1] or 'all properties'}  {','.join(row[2])}  {row[3]}{'  revoked' if row[5] else ''}" for row in rows
    ]
    _print([list(row) for row in rows], as_json, "\n".join(lines) or "there are no keys yet: nightledger api-key create --help")


@api_key.command("revoke")
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End a key at once."""
    if not on_servers(lambda wiring: api_keys.revoke_key(wiring, key_id)):
        sys.exit(_complain(f"there is no live key {key_id}: see nightledger api-key list", FAILED))
    click.echo(f"revoked {key_id}")


@cli.command("doctor")
@JSON
def doctor_command(as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Say what is running, versions, lag, what is wrong and how to mend it."""
    parts, wrong = on_servers(doctor.examine)
    _print(parts, as_json, "\n".join(f"{name:<24} {state}" for name, state in parts.items()))
    if wrong:
        sys.exit(FAILED)


if __name__ == "__main__":
    logging.captureWarnings(capture=True)
    main()
