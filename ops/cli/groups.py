"""Groups on the command line: blocks, rooming lists, attrition; the waitlist; turnaways."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import click

from aggregates.group import CancellationReason, Terms
from aggregates.turnaway import Reason
from commands.cancel_group import CancelGroup
from commands.change_block import ChangeBlock
from commands.confirm_group import ConfirmGroup
from commands.join_waitlist import JoinWaitlist
from commands.leave_waitlist import LeaveWaitlist
from commands.open_group import OpenGroup
from commands.pick_up import PickUp
from commands.record_turnaway import RecordTurnaway
from commands.release_block import ReleaseBlock
from commands.rooming_list import read_list, write_list
from ops.cli.bookings import KEY
from ops.cli.running import JSON, PROPERTY, on_servers, show
from ops.cli.sending import send
from ops.settings import BadConfiguration
from ops.telling import desk_of
from ops.wiring import Wiring
from queries.groups import GroupFound, group_as_json

DAY = click.DateTime(["%Y-%m-%d"])
GROUP_ID = click.argument("group_id", type=click.UUID)
VERSION = click.option("--expected-version", type=int, default=None, help="The version that you saw; refused when it moved on.")
BLOCK = click.option(
    "--block", "lines", multiple=True, metavar="TYPE:ARRIVAL:DEPARTURE:ROOMS", help="So many rooms of a type for these nights."
)
BLOCK_PARTS = 4


def _blocks(lines: tuple[str, ...]) -> list[dict[str, str]] | None:
    blocks = []
    for line in lines:
        parts = line.split(":")
        if len(parts) != BLOCK_PARTS:
            message = f"--block {line!r} is not TYPE:ARRIVAL:DEPARTURE:ROOMS, such as garden-room:2027-03-10:2027-03-12:20"
            raise BadConfiguration(message)
        blocks.append(dict(zip(("room_type", "arrival", "departure", "rooms"), parts, strict=True)))
    return blocks or None


@click.group()
def group() -> None:
    """Groups: set rooms aside, name their guests, give the rest back."""


@group.command("open")
@click.option("--name", required=True, help="An event or a company, never a person.")
@click.option("--rate-plan", required=True)
@click.option("--cutoff", required=True, help="Last day of pick-up, YYYY-MM-DD; what is left goes back at its end.")
@BLOCK
@click.option("--option-until", default=None, help="Tentative until then, as 2027-01-31T12:00:00Z; definite without it.")
@click.option("--elastic", is_flag=True, default=None, help="More may be picked up than was blocked, while rooms are free.")
@click.option("--attrition-percent", type=int, default=None, help="How much of the block may stay empty.")
@PROPERTY
@KEY
def open_group(lines: tuple[str, ...], property_code: str, key: UUID | None, **terms: Any) -> None:
    """Open a group with its block, all rooms or none."""
    send(OpenGroup, {**terms, "blocks": _blocks(lines)}, property_code, key)


@group.command("block")
@GROUP_ID
@BLOCK
@click.option("--cutoff", default=None)
@click.option("--option-until", default=None)
@click.option("--elastic/--not-elastic", default=None)
@click.option("--attrition-percent", type=int, default=None)
@VERSION
@PROPERTY
@KEY
def change_block(lines: tuple[str, ...], property_code: str, key: UUID | None, **changes: Any) -> None:
    """Set how many rooms the block has on the nights named, or change its terms."""
    send(ChangeBlock, {**changes, "blocks": _blocks(lines)}, property_code, key)


@group.command()
@GROUP_ID
@VERSION
@PROPERTY
@KEY
def confirm(property_code: str, key: UUID | None, **which: Any) -> None:
    """Make a tentative group definite."""
    send(ConfirmGroup, which, property_code, key)


@group.command()
@GROUP_ID
@VERSION
@PROPERTY
@KEY
def release(property_code: str, key: UUID | None, **which: Any) -> None:
    """Give back what nobody has picked up."""
    send(ReleaseBlock, which, property_code, key)


@group.command()
@GROUP_ID
@click.option("--reason", type=click.Choice(get_args(CancellationReason)), default="other", show_default=True)
@VERSION
@PROPERTY
@KEY
def cancel(property_code: str, key: UUID | None, **which: Any) -> None:
    """Cancel a group and give its block back; reservations of its guests stay."""
    send(CancelGroup, which, property_code, key)


@group.command("import")
@GROUP_ID
@click.argument("file", type=click.Path(path_type=Path))
@VERSION
@PROPERTY
@KEY
def import_list(file: Path, property_code: str, key: UUID | None, **which: Any) -> None:
    """Book the rooms of a rooming list (CSV FILE), all or none; every mistake is told with its line."""

    async def room_types(wiring: Wiring) -> list[str]:
        hotel = await (await desk_of(wiring, property_code)).hotel.current()
        return [kind.code for kind in hotel.definition.room_types]

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        message = f"{file} cannot be read: {wrong}"
        raise BadConfiguration(message) from None
    rows = read_list(text, on_servers(room_types))
    send(PickUp, {**which, "rows": [row.model_dump() for row in rows]}, property_code, key)


@group.command("export")
@GROUP_ID
@PROPERTY
def export_list(group_id: UUID, property_code: str) -> None:
    """Print the rooming list as CSV that can be imported again. Names are personal data."""

    async def do(wiring: Wiring) -> list[dict[str, Any]]:
        return await (await desk_of(wiring, property_code)).groups.rooming_list(group_id)

    click.echo(write_list(on_servers(do)), nl=False)


@group.command("list")
@click.option("--state", type=click.Choice(["tentative", "definite", "expired", "cancelled"]), default=None)
@PROPERTY
@JSON
def list_groups(state: str | None, property_code: str, as_json: bool) -> None:
    """List groups by cutoff."""

    async def do(wiring: Wiring) -> tuple[int, list[GroupFound]]:
        return await (await desk_of(wiring, property_code)).groups.every(state)

    _, found = on_servers(do)
    lines = [
        f"{each.group_id}  {each.document.state:<9}  {_limits(each.document.terms)}  {each.document.name}" for each in found
    ]
    show([group_as_json(each) for each in found], as_json, "\n".join(lines) or "there are no such groups")


@group.command("show")
@GROUP_ID
@PROPERTY
@JSON
def show_group(group_id: UUID, property_code: str, as_json: bool) -> None:
    """Show a group: its terms, and for each night what was agreed, picked up, released and is left."""

    async def do(wiring: Wiring) -> GroupFound | None:
        return await (await desk_of(wiring, property_code)).groups.find(group_id)

    found = on_servers(do)
    if found is None:
        message = f"{property_code} has no group {group_id}: see nightledger group list"
        raise BadConfiguration(message)
    answer = group_as_json(found)
    rows = [*answer["nights"], {"room_type": "all", "night": "", **answer["whole"]}]
    lines = [f"{answer['name']}  {answer['state']}  {_limits(found.document.terms)}  version {answer['version']}"]
    lines += [
        f"  {row['room_type']:<20} {row['night']:<10}  agreed {row['agreed']:>4}  picked up {row['picked_up']:>4}  beyond"
        f" {row['beyond_block']:>3}  released {row['released']:>4}  left {row['left']:>4}  unused {row['unused_percent']} %"
        for row in rows
    ]
    show(answer, as_json, "\n".join(lines))


def _limits(terms: Terms) -> str:
    """Say when the option runs out, if there is one, and until when rooms can be picked up."""
    option = f"option until {terms.option_until:%Y-%m-%d %H:%M} UTC  " if terms.option_until else ""
    return f"{option}pick-up until {terms.cutoff}"


@click.group()
def waitlist() -> None:
    """Who waits for a room that is not free."""


@waitlist.command()
@click.option("--room-type", required=True)
@click.option("--rate-plan", required=True)
@click.option("--arrival", required=True)
@click.option("--departure", required=True)
@click.option("--adults", default=2, show_default=True)
@click.option("--children", default=0, show_default=True)
@click.option("--name", required=True)
@click.option("--email", required=True)
@PROPERTY
@KEY
def join(name: str, email: str, property_code: str, key: UUID | None, **wish: Any) -> None:
    """Let a guest wait for a room; an offer comes by mail."""
    send(JoinWaitlist, {**wish, "guest": {"name": name, "email": email}}, property_code, key)


@waitlist.command()
@click.argument("entry_id", type=click.UUID)
@PROPERTY
@KEY
def leave(entry_id: UUID, property_code: str, key: UUID | None) -> None:
    """Let a guest wait no longer."""
    send(LeaveWaitlist, {"entry_id": entry_id}, property_code, key)


@waitlist.command("show")
@click.option("--ended", is_flag=True, help="Those too whose wait is over.")
@PROPERTY
@JSON
def show_waitlist(ended: bool, property_code: str, as_json: bool) -> None:
    """List who waits, first come first. Names are personal data."""

    async def do(wiring: Wiring) -> tuple[int, list[dict[str, Any]]]:
        return await (await desk_of(wiring, property_code)).demand.waiting(ended=ended)

    _, entries = on_servers(do)
    lines = [
        f"{each['entry_id']}  {each['state']:<9}  {each['room_type']}  {each['arrival']} to {each['departure']}  {each['name']}"
        for each in entries
    ]
    show(entries, as_json, "\n".join(lines) or "nobody waits")


@click.group()
def turnaway() -> None:
    """Enquiries that came to nothing, and why."""


@turnaway.command()
@click.option("--reason", type=click.Choice(get_args(Reason)), required=True)
@click.option("--room-type", default=None, help="Any, unless told otherwise.")
@click.option("--arrival", required=True)
@click.option("--departure", required=True)
@click.option("--rooms", default=1, show_default=True)
@click.option("--adults", default=2, show_default=True)
@click.option("--children", default=0, show_default=True)
@PROPERTY
@KEY
def record(property_code: str, key: UUID | None, **enquiry: Any) -> None:
    """Record a turnaway; nothing about the person."""
    send(RecordTurnaway, enquiry, property_code, key)


@turnaway.command()
@click.option("--from", "first", type=DAY, required=True)
@click.option("--to", "last", type=DAY, required=True)
@PROPERTY
@JSON
def report(first: datetime, last: datetime, property_code: str, as_json: bool) -> None:
    """Count the turnaways asked between two days, both included, by reason."""
    if last < first:
        raise click.UsageError("--to is before --from: choose a later day.")

    async def do(wiring: Wiring) -> tuple[int, list[dict[str, Any]]]:
        return await (await desk_of(wiring, property_code)).demand.turned_away(_day(first), _day(last))

    _, reasons = on_servers(do)
    lines = [
        f"{each['reason']:<18} {'denied' if each['denied'] else 'regret':<7} {each['enquiries']:>5} enquiries"
        f"  {each['room_nights']:>6} room-nights"
        for each in reasons
    ]
    show(reasons, as_json, "\n".join(lines) or "nobody was turned away")


def _day(moment: datetime) -> date:
    return moment.date()
