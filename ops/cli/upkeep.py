"""Upkeep: schema, properties, keys, load runs, health."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ops import api_keys
from ops.cli.running import FAILED, JSON, on_servers, show
from ops.doctor import examine
from ops.migrate import migrate as migrate_all
from ops.seeding import seed as seed_file
from ops.settings import read_settings
from ops.stress import stress as run_stress
from ops.wiring import Wiring
from queries.access import SCOPES


@click.command()
@JSON
def migrate(as_json: bool) -> None:
    """Bring the schema up to date."""

    async def do(wiring: Wiring) -> list[str]:
        return await migrate_all(wiring.settings.database_url or "")

    codes = on_servers(do)
    show({"properties": codes}, as_json, f"up to date: {', '.join(codes) or 'no property is open yet'}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@JSON
def seed(file: Path, as_json: bool) -> None:
    """Open or update a property from a definition FILE (TOML)."""
    code, outcome = on_servers(lambda wiring: seed_file(wiring, file))
    changed = bool(outcome.answer.get("changed"))
    show(
        {"property": code, "changed": changed, "position": outcome.position}, as_json,
        f"{code}: {'defined' if changed else 'nothing has changed'}, position {outcome.position}",
    )  # fmt: skip


@click.command()
@click.option("--attempts", default=500, show_default=True, type=click.IntRange(1, 20_000))
@click.option("--rooms", default=1, show_default=True, type=click.IntRange(1, 500), help="Rooms of the type.")
@click.option("--url", default=None, help="The web server to attack; the running `up` unless told otherwise.")
@JSON
def stress(attempts: int, rooms: int, url: str | None, as_json: bool) -> None:
    """Book one stay of a type with K rooms many times at once, over HTTP; exactly K may win."""
    result = run_stress(read_settings(), attempts, rooms, url)
    show(vars(result), as_json, result.text())
    if not result.holds():
        sys.exit(FAILED)


@click.group("api-key")
def api_key() -> None:
    """Make, list and revoke API keys."""


@api_key.command("create")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), required=True)
@click.option("--property", "property_code", default=None, help="Only for this property; all unless told otherwise.")
@click.option("--note", default="", help="What the key is for.")
@JSON
def create(scopes: tuple[str, ...], property_code: str | None, note: str, as_json: bool) -> None:
    """Make a key. It is shown once."""
    key_id, key = on_servers(lambda wiring: api_keys.create_key(wiring, property_code, scopes, note))
    show({"key_id": key_id, "key": key}, as_json, f"{key}\n(id {key_id}; it is not shown again)")


@api_key.command("list")
@JSON
def list_keys(as_json: bool) -> None:
    """List the keys, without their secrets."""
    rows = on_servers(api_keys.list_keys)
    lines = [
        f"{row[0]}  {row[1] or 'all properties'}  {','.join(row[2])}  {row[3]}{'  revoked' if row[5] else ''}" for row in rows
    ]
    show([list(row) for row in rows], as_json, "\n".join(lines) or "there are no keys yet: nightledger api-key create --help")


@api_key.command("revoke")
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End a key. A web process that has just seen it believes it for up to 5 seconds more."""
    if not on_servers(lambda wiring: api_keys.revoke_key(wiring, key_id)):
        click.echo(f"nightledger: there is no live key {key_id}: see nightledger api-key list", err=True)
        sys.exit(FAILED)
    click.echo(f"revoked {key_id}")


@click.command()
@JSON
def doctor(as_json: bool) -> None:
    """Say what is running, versions, lag, what is wrong and how to mend it."""
    parts, wrong = on_servers(examine)
    show(parts, as_json, "\n".join(f"{name:<24} {state}" for name, state in parts.items()))
    if wrong:
        sys.exit(FAILED)
